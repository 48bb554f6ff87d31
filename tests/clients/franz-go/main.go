// franz-go against a broker: prints `ok NAME` or `not ok NAME: reason` per point, exits 1 if any failed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const wait = 90 * time.Second

var (
	bootstrap = os.Getenv("BOOTSTRAP")
	restart   = os.Getenv("RESTART")
	failed    bool
)

func point(name string, body func(ctx context.Context) error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), 2*wait)
	defer cancel()
	if err := body(ctx); err != nil {
		failed = true
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("ok %s (%.1f s)\n", name, time.Since(began).Seconds())
}

func unique(name string) string { return fmt.Sprintf("%s-%d", name, time.Now().UnixNano()) }

func client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap)}, options...)...)
}

func topic(ctx context.Context, name string, partitions int32) (string, error) {
	c, err := client()
	if err != nil {
		return "", err
	}
	defer c.Close()
	name = unique(name)
	made, err := kadm.NewClient(c).CreateTopic(ctx, partitions, 1, nil, name)
	if err == nil {
		err = made.Err
	}
	return name, err
}

func numbered(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%05d some text that compresses", i)
	}
	return values
}

func produce(ctx context.Context, name string, values []string, options ...kgo.Opt) error {
	options = append(options, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	c, err := client(options...)
	if err != nil {
		return err
	}
	defer c.Close()
	records := make([]*kgo.Record, len(values))
	for i, value := range values {
		records[i] = &kgo.Record{Topic: name, Value: []byte(value)}
	}
	return c.ProduceSync(ctx, records...).FirstErr()
}

func take(ctx context.Context, c *kgo.Client, count int) ([]string, error) {
	var values []string
	for len(values) < count {
		fetches := c.PollRecords(ctx, count-len(values))
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d of %d records: %w", len(values), count, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { values = append(values, string(r.Value)) })
	}
	return values, nil
}

func same(expected, actual []string) error {
	if !reflect.DeepEqual(expected, actual) {
		return fmt.Errorf("expected %d values, got %d others", len(expected), len(actual))
	}
	return nil
}

func roundTrip(codec kgo.CompressionCodec) func(context.Context) error {
	return func(ctx context.Context) error {
		name, err := topic(ctx, "franz-records", 1)
		if err != nil {
			return err
		}
		values := numbered(2000)
		if err := produce(ctx, name, values, kgo.ProducerBatchCompression(codec)); err != nil {
			return err
		}
		reader, err := client(kgo.ConsumeTopics(name))
		if err != nil {
			return err
		}
		defer reader.Close()
		got, err := take(ctx, reader, len(values))
		if err != nil {
			return err
		}
		return same(values, got)
	}
}

// member polls in the background and knows what it is assigned.
type member struct {
	*kgo.Client
	mu   sync.Mutex
	mine map[int32]bool
}

func join(ctx context.Context, group, name string, balancer kgo.GroupBalancer) (*member, error) {
	m := &member{mine: map[int32]bool{}}
	set := func(has bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, p := range parts[name] {
				m.mine[p] = has
			}
		}
	}
	c, err := client(kgo.ConsumeTopics(name), kgo.ConsumerGroup(group), kgo.Balancers(balancer),
		kgo.OnPartitionsAssigned(set(true)), kgo.OnPartitionsRevoked(set(false)), kgo.OnPartitionsLost(set(false)),
		kgo.SessionTimeout(30*time.Second), kgo.HeartbeatInterval(300*time.Millisecond))
	if err != nil {
		return nil, err
	}
	m.Client = c
	go func() {
		for ctx.Err() == nil && !c.PollFetches(ctx).IsClientClosed() {
		}
	}()
	return m, nil
}

func (m *member) partitions() []int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []int32
	for p, has := range m.mine {
		if has {
			all = append(all, p)
		}
	}
	slices.Sort(all)
	return all
}

func until(what string, holds func() bool) error {
	end := time.Now().Add(wait)
	for !holds() {
		if time.Now().After(end) {
			return fmt.Errorf("not within %s: %s", wait, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

func groupOfTwo(balancer kgo.GroupBalancer) func(context.Context) error {
	return func(ctx context.Context) error {
		name, err := topic(ctx, "franz-group", 4)
		if err != nil {
			return err
		}
		group := unique("franz-group")
		a, err := join(ctx, group, name, balancer)
		if err != nil {
			return err
		}
		defer a.Close()
		if err := until("one member has all four", func() bool { return len(a.partitions()) == 4 }); err != nil {
			return err
		}
		b, err := join(ctx, group, name, balancer)
		if err != nil {
			return err
		}
		shared := func() bool {
			return len(a.partitions()) == 2 && len(b.partitions()) == 2 && a.partitions()[0] != b.partitions()[0]
		}
		if err := until("two members share", shared); err != nil {
			return err
		}
		b.Close()
		return until("the one left has all again", func() bool { return len(a.partitions()) == 4 })
	}
}

func resumed(ctx context.Context) error {
	name, err := topic(ctx, "franz-resume", 1)
	if err != nil {
		return err
	}
	values, group := numbered(100), unique("franz-resume")
	if err := produce(ctx, name, values); err != nil {
		return err
	}
	var all []string
	for _, count := range []int{40, 60} {
		c, err := client(kgo.ConsumeTopics(name), kgo.ConsumerGroup(group), kgo.DisableAutoCommit())
		if err != nil {
			return err
		}
		var last *kgo.Record
		for taken := 0; taken < count; {
			fetches := c.PollRecords(ctx, count-taken)
			if err := fetches.Err(); err != nil {
				return err
			}
			fetches.EachRecord(func(r *kgo.Record) { all, last, taken = append(all, string(r.Value)), r, taken+1 })
		}
		if err := c.CommitRecords(ctx, last); err != nil {
			return err
		}
		c.Close()
	}
	return same(values, all)
}

func survivesRestart(ctx context.Context) error {
	name, err := topic(ctx, "franz-restart", 1)
	if err != nil {
		return err
	}
	c, err := client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer c.Close()
	values := numbered(6000)
	for i, value := range values {
		c.Produce(ctx, &kgo.Record{Topic: name, Value: []byte(value)}, func(_ *kgo.Record, e error) {
			if e != nil && err == nil {
				err = e
			}
		})
		if i == 2000 {
			if out, e := exec.Command("bash", "-c", restart).CombinedOutput(); e != nil {
				return fmt.Errorf("restart: %w: %s", e, out)
			}
		}
	}
	if e := c.Flush(ctx); e != nil {
		return e
	}
	if err != nil {
		return err
	}
	reader, err := client(kgo.ConsumeTopics(name))
	if err != nil {
		return err
	}
	defer reader.Close()
	got, err := take(ctx, reader, len(values))
	if err != nil {
		return err
	}
	return same(values, got)
}

func main() {
	for _, c := range []struct {
		name  string
		codec kgo.CompressionCodec
	}{
		{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
		{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()},
	} {
		point("records round trip, "+c.name, roundTrip(c.codec))
	}
	point("group of two, range", groupOfTwo(kgo.RangeBalancer()))
	point("group of two, cooperative-sticky", groupOfTwo(kgo.CooperativeStickyBalancer()))
	point("offsets committed and resumed", resumed)
	if restart != "" {
		point("broker killed and restarted: nothing lost, doubled or disordered", survivesRestart)
	}
	if failed {
		os.Exit(1)
	}
}
