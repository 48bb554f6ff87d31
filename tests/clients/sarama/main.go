// sarama against a broker: prints `ok NAME` or `not ok NAME: reason` per point, exits 1 if any failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

const wait = 90 * time.Second

var (
	bootstrap = []string{os.Getenv("BOOTSTRAP")}
	restart   = os.Getenv("RESTART")
	failed    bool
)

func point(name string, body func() error) {
	began := time.Now()
	if err := body(); err != nil {
		failed = true
		fmt.Printf("not ok %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("ok %s (%.1f s)\n", name, time.Since(began).Seconds())
}

func unique(name string) string { return fmt.Sprintf("sarama-%s-%d", name, time.Now().UnixNano()) }

func config(changes ...func(*sarama.Config)) *sarama.Config {
	c := sarama.NewConfig()
	// Its default is the protocol of Kafka 2.1.
	c.Version = sarama.MaxVersion
	c.Producer.Return.Successes = true
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Group.Session.Timeout = 30 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	for _, change := range changes {
		change(c)
	}
	return c
}

func idempotent(c *sarama.Config) {
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Idempotent = true
	c.Net.MaxOpenRequests = 1
}

func transactional(id string) func(*sarama.Config) {
	return func(c *sarama.Config) {
		idempotent(c)
		c.Producer.Transaction.ID = id
	}
}

func committedOnly(c *sarama.Config) { c.Consumer.IsolationLevel = sarama.ReadCommitted }

func topic(name string, partitions int32) (string, error) {
	name = unique(name)
	admin, err := sarama.NewClusterAdmin(bootstrap, config())
	if err != nil {
		return "", err
	}
	defer admin.Close()
	return name, admin.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
}

func numbered(n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%05d some text that compresses", i)
	}
	return values
}

func message(name, value string, partition int32) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{Topic: name, Partition: partition, Value: sarama.StringEncoder(value)}
}

func produce(name string, values []string, changes ...func(*sarama.Config)) error {
	p, err := sarama.NewSyncProducer(bootstrap, config(changes...))
	if err != nil {
		return err
	}
	defer p.Close()
	return send(p, name, values)
}

func send(p sarama.SyncProducer, name string, values []string) error {
	messages := make([]*sarama.ProducerMessage, len(values))
	for i, value := range values {
		messages[i] = message(name, value, 0)
	}
	return p.SendMessages(messages)
}

// readAll returns the values of partition 0, and fails if there are not exactly `count`.
func readAll(name string, count int, changes ...func(*sarama.Config)) ([]string, error) {
	c, err := sarama.NewConsumer(bootstrap, config(changes...))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	reader, err := c.ConsumePartition(name, 0, sarama.OffsetOldest)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	var values []string
	limit := time.After(wait)
	for {
		if len(values) == count {
			limit = time.After(300 * time.Millisecond)
		}
		select {
		case m := <-reader.Messages():
			values = append(values, string(m.Value))
		case <-limit:
			if len(values) != count {
				return nil, fmt.Errorf("expected %d records, got %d", count, len(values))
			}
			return values, nil
		}
		if len(values) > count {
			return nil, fmt.Errorf("more than %d records", count)
		}
	}
}

func expectAll(name string, expected []string, changes ...func(*sarama.Config)) error {
	got, err := readAll(name, len(expected), changes...)
	if err == nil && !slices.Equal(expected, got) {
		err = fmt.Errorf("expected other values than those %d that came", len(got))
	}
	return err
}

func roundTrip(codec sarama.CompressionCodec) func() error {
	return func() error {
		name, err := topic("records", 1)
		if err != nil {
			return err
		}
		values := numbered(1000)
		if err := produce(name, values, func(c *sarama.Config) { c.Producer.Compression = codec }); err != nil {
			return err
		}
		return expectAll(name, values)
	}
}

// The protocol of version 2.1, which a program gets that says nothing.
func oldVersion() error {
	name, err := topic("old", 1)
	if err != nil {
		return err
	}
	old := func(c *sarama.Config) { c.Version = sarama.DefaultVersion }
	if err := produce(name, numbered(100), old, idempotent); err != nil {
		return err
	}
	return expectAll(name, numbered(100), old)
}

// member takes part in a group until it is closed; it commits each record that it has taken.
type member struct {
	group  sarama.ConsumerGroup
	limit  int
	mu     sync.Mutex
	mine   []int32
	values []string
	err    error
	cancel context.CancelFunc
	ended  chan struct{}
}

// join takes at most `limit` records, all if it is 0.
func join(group, name string, limit int, changes ...func(*sarama.Config)) (*member, error) {
	g, err := sarama.NewConsumerGroup(bootstrap, group, config(changes...))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{group: g, limit: limit, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(m.ended)
		for ctx.Err() == nil {
			if err := g.Consume(ctx, []string{name}, m); err != nil && !errors.Is(err, sarama.ErrClosedConsumerGroup) {
				m.mu.Lock()
				m.err = err
				m.mu.Unlock()
				return
			}
		}
	}()
	return m, nil
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mine = nil
	for _, partitions := range session.Claims() {
		m.mine = append(m.mine, partitions...)
	}
	return nil
}

func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mine = nil
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case r, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.mu.Lock()
			if m.limit == 0 || len(m.values) < m.limit {
				m.values = append(m.values, string(r.Value))
				session.MarkMessage(r, "note")
			}
			m.mu.Unlock()
		case <-session.Context().Done():
			return nil
		}
	}
}

func (m *member) partitions() []int32 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(slices.Values(m.mine))
}

func (m *member) taken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.values)
}

func (m *member) leave() error {
	m.cancel()
	<-m.ended
	if m.err != nil {
		return m.err
	}
	return m.group.Close()
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

func groupOfTwo(strategy sarama.BalanceStrategy) func() error {
	return func() error {
		name, err := topic("group", 4)
		if err != nil {
			return err
		}
		group := unique("group")
		balanced := func(c *sarama.Config) {
			c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
		}
		a, err := join(group, name, 0, balanced)
		if err != nil {
			return err
		}
		if err := until("one member has all four", func() bool { return len(a.partitions()) == 4 }); err != nil {
			return err
		}
		b, err := join(group, name, 0, balanced)
		if err != nil {
			return err
		}
		shared := func() bool {
			all := append(a.partitions(), b.partitions()...)
			slices.Sort(all)
			return len(a.partitions()) == 2 && slices.Equal(all, []int32{0, 1, 2, 3})
		}
		if err := until("two members share", shared); err != nil {
			return err
		}
		p, err := sarama.NewSyncProducer(bootstrap, config())
		if err != nil {
			return err
		}
		defer p.Close()
		var messages []*sarama.ProducerMessage
		values := numbered(400)
		for i, value := range values {
			messages = append(messages, message(name, value, int32(i%4)))
		}
		if err := p.SendMessages(messages); err != nil {
			return err
		}
		both := func() []string { return slices.Sorted(slices.Values(append(a.taken(), b.taken()...))) }
		if err := until("all records, by both", func() bool { return len(both()) >= len(values) }); err != nil {
			return err
		}
		if !slices.Equal(values, both()) {
			return fmt.Errorf("each record once: %d of %d came", len(both()), len(values))
		}
		if err := b.leave(); err != nil {
			return err
		}
		if err := until("the one left has all again", func() bool { return len(a.partitions()) == 4 }); err != nil {
			return err
		}
		return a.leave()
	}
}

func resumed() error {
	name, err := topic("resume", 1)
	if err != nil {
		return err
	}
	values, group := numbered(100), unique("resume")
	if err := produce(name, values); err != nil {
		return err
	}
	var all []string
	for _, count := range []int{40, 60} {
		m, err := join(group, name, count)
		if err != nil {
			return err
		}
		if err := until("records", func() bool { return len(m.taken()) == count }); err != nil {
			return err
		}
		if err := m.leave(); err != nil {
			return err
		}
		all = append(all, m.taken()...)
	}
	if !slices.Equal(values, all) {
		return errors.New("other values than those produced")
	}
	return committed(group, name, 100)
}

func committed(group, name string, expected int64) error {
	admin, err := sarama.NewClusterAdmin(bootstrap, config())
	if err != nil {
		return err
	}
	defer admin.Close()
	var at int64
	err = until("the committed offset", func() bool {
		var found *sarama.OffsetFetchResponse
		if found, err = admin.ListConsumerGroupOffsets(group, map[string][]int32{name: {0}}); err != nil {
			return true
		}
		if block := found.GetBlock(name, 0); block != nil {
			at = block.Offset
		}
		return at == expected
	})
	if err != nil {
		err = fmt.Errorf("%w (committed: %d)", err, at)
	}
	return err
}

func transactions() error {
	name, err := topic("tx", 1)
	if err != nil {
		return err
	}
	p, err := sarama.NewSyncProducer(bootstrap, config(transactional(unique("tx"))))
	if err != nil {
		return err
	}
	defer p.Close()
	for round := range 6 {
		if err := p.BeginTxn(); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		word, end := "kept", p.CommitTxn
		if round%2 == 1 {
			word, end = "dropped", p.AbortTxn
		}
		if err := send(p, name, slices.Repeat([]string{word}, 10)); err != nil {
			return err
		}
		if err := end(); err != nil {
			return fmt.Errorf("end: %w", err)
		}
	}
	if err := expectAll(name, slices.Repeat([]string{"kept"}, 30), committedOnly); err != nil {
		return err
	}
	_, err = readAll(name, 60)
	return err
}

// Each group of ten records is copied, first in a transaction that is aborted, then in one that is committed.
func transactionalOffsets() error {
	from, err := topic("from", 1)
	if err != nil {
		return err
	}
	to, err := topic("to", 1)
	if err != nil {
		return err
	}
	values, group := numbered(60), unique("copy")
	if err := produce(from, values); err != nil {
		return err
	}
	p, err := sarama.NewSyncProducer(bootstrap, config(transactional(unique("copy"))))
	if err != nil {
		return err
	}
	defer p.Close()
	for at := 0; at < len(values); at += 10 {
		for _, commit := range []bool{false, true} {
			if err := p.BeginTxn(); err != nil {
				return fmt.Errorf("begin: %w", err)
			}
			if err := send(p, to, values[at:at+10]); err != nil {
				return err
			}
			offsets := map[string][]*sarama.PartitionOffsetMetadata{from: {{Partition: 0, Offset: int64(at + 10)}}}
			if err := p.AddOffsetsToTxn(offsets, group); err != nil {
				return fmt.Errorf("offsets: %w", err)
			}
			if !commit {
				err = p.AbortTxn()
			} else {
				err = p.CommitTxn()
			}
			if err != nil {
				return fmt.Errorf("end: %w", err)
			}
		}
	}
	if err := expectAll(to, values, committedOnly); err != nil {
		return err
	}
	return committed(group, from, 60)
}

func fenced() error {
	name, err := topic("fenced", 1)
	if err != nil {
		return err
	}
	id := unique("fenced")
	older, err := sarama.NewSyncProducer(bootstrap, config(transactional(id)))
	if err != nil {
		return err
	}
	defer older.Close()
	if err := older.BeginTxn(); err != nil {
		return err
	}
	if err := send(older, name, []string{"older"}); err != nil {
		return err
	}
	younger, err := sarama.NewSyncProducer(bootstrap, config(transactional(id)))
	if err != nil {
		return err
	}
	defer younger.Close()
	if err := younger.BeginTxn(); err != nil {
		return err
	}
	if err := send(younger, name, []string{"younger"}); err != nil {
		return err
	}
	if err := younger.CommitTxn(); err != nil {
		return err
	}
	if err := older.CommitTxn(); err == nil {
		return errors.New("the older producer committed")
	}
	return expectAll(name, []string{"younger"}, committedOnly)
}

func survivesRestart() error {
	name, err := topic("restart", 1)
	if err != nil {
		return err
	}
	p, err := sarama.NewAsyncProducer(bootstrap, config(idempotent, func(c *sarama.Config) {
		c.Producer.Retry.Max = 600
		c.Producer.Retry.Backoff = 100 * time.Millisecond
		c.Metadata.Retry.Max = 600
	}))
	if err != nil {
		return err
	}
	values, errs := numbered(6000), make(chan error, 1)
	var counted sync.WaitGroup
	counted.Go(func() {
		for range p.Successes() {
		}
	})
	counted.Go(func() {
		for e := range p.Errors() {
			select {
			case errs <- e.Err:
			default:
			}
		}
	})
	restarted := make(chan error, 1)
	for i, value := range values {
		if i == 2000 {
			go func() {
				out, e := exec.Command("bash", "-c", restart).CombinedOutput()
				if e != nil {
					e = fmt.Errorf("restart: %w: %s", e, out)
				}
				restarted <- e
			}()
		}
		if i%100 == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		p.Input() <- message(name, value, 0)
	}
	err = <-restarted
	p.AsyncClose()
	counted.Wait()
	select {
	case e := <-errs:
		err = errors.Join(err, e)
	default:
	}
	if err != nil {
		return err
	}
	return expectAll(name, values)
}

func main() {
	for _, codec := range []sarama.CompressionCodec{
		sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy, sarama.CompressionLZ4, sarama.CompressionZSTD,
	} {
		point("records round trip, "+codec.String(), roundTrip(codec))
	}
	point("records round trip, its default version of the protocol", oldVersion)
	point("group of two, range", groupOfTwo(sarama.NewBalanceStrategyRange()))
	point("group of two, sticky", groupOfTwo(sarama.NewBalanceStrategySticky()))
	point("offsets committed and resumed", resumed)
	point("transactions committed and aborted", transactions)
	point("transactions with offsets", transactionalOffsets)
	point("transactions: the older producer is fenced", fenced)
	if restart != "" {
		point("broker killed and restarted: nothing lost, doubled or disordered", survivesRestart)
	}
	if failed {
		os.Exit(1)
	}
}
