import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.record.TimestampType;

/** What goes in comes out: records through the producer and the consumer. */
final class RecordPoints {
    static void add(Checks c) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            c.point("records round trip, " + codec, () -> roundTrip(codec, Map.of()));
        }
        c.point("records round trip, recompressed by the topic", () -> roundTrip("lz4", Map.of("compression.type", "zstd")));
        c.point("acks 0 and 1", RecordPoints::acks);
        c.point("order kept by an idempotent producer with five requests in flight", RecordPoints::order);
        c.point("large record", RecordPoints::large);
        c.point("record too large refused", RecordPoints::tooLarge);
        c.point("keyless record on a compacted topic refused", RecordPoints::keyless);
        c.point("timestamp far ahead refused", RecordPoints::farAhead);
        c.point("log append time", RecordPoints::logAppendTime);
        c.point("long poll woken by a record", RecordPoints::longPoll);
        c.point("topic made by producing to it", RecordPoints::autoCreated);
        c.point("invalid topic name refused", RecordPoints::badName);
    }

    /** Every record of one partition from its beginning, `count` of them. */
    static List<ConsumerRecord<String, String>> readAll(TopicPartition partition, int count, Object... settings) {
        try (var consumer = Checks.consumer(settings)) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            var all = new ArrayList<ConsumerRecord<String, String>>();
            Checks.until(count + " records of " + partition + " (have " + all.size() + ")", () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(all::add);
                return all.size() >= count;
            });
            consumer.poll(Duration.ofMillis(200)).forEach(all::add);
            Checks.equal(count, all.size(), "records of " + partition);
            return all;
        }
    }

    private static void roundTrip(String codec, Map<String, String> configs) throws Exception {
        String topic = Checks.topic("round-trip-" + codec, 1, configs);
        int count = 1000;
        long at = System.currentTimeMillis() - 60_000;
        var random = new Random(7);
        var values = new ArrayList<String>();
        var sent = new ArrayList<Future<RecordMetadata>>();
        try (var producer = Checks.producer("compression.type", codec)) {
            for (int i = 0; i < count; i++) {
                // Null and empty are different things, and both must survive.
                String value = i % 10 == 0 ? null : i % 10 == 1 ? "" : "v".repeat(random.nextInt(200)) + random.nextLong();
                values.add(value);
                var record = new ProducerRecord<>(topic, 0, at + i, i % 3 == 0 ? null : "k" + i, value);
                if (i % 4 == 0) {
                    record.headers().add("twice", "a".getBytes(StandardCharsets.UTF_8))
                            .add("twice", "b".getBytes(StandardCharsets.UTF_8)).add("null", null).add("", new byte[0]);
                }
                sent.add(producer.send(record));
            }
        }
        for (int i = 0; i < count; i++) {
            var metadata = sent.get(i).get();
            Checks.equal((long) i, metadata.offset(), "acknowledged offset");
            Checks.equal(at + i, metadata.timestamp(), "acknowledged timestamp");
        }
        var read = readAll(new TopicPartition(topic, 0), count);
        for (int i = 0; i < count; i++) {
            var record = read.get(i);
            Checks.equal((long) i, record.offset(), "offset");
            Checks.equal(at + i, record.timestamp(), "timestamp");
            Checks.equal(TimestampType.CREATE_TIME, record.timestampType(), "timestamp type");
            Checks.equal(String.valueOf(i % 3 == 0 ? null : "k" + i), String.valueOf(record.key()), "key");
            Checks.that(values.get(i) == null ? record.value() == null : values.get(i).equals(record.value()),
                    "value of " + i);
            var headers = Checks.list(record.headers());
            Checks.equal(i % 4 == 0 ? 4 : 0, headers.size(), "headers of " + i);
            if (i % 4 == 0) {
                Checks.equal("a", new String(headers.get(0).value()), "first of two equal keys");
                Checks.equal("b", new String(headers.get(1).value()), "second of two equal keys");
                Checks.that(headers.get(2).value() == null, "a null header value");
                Checks.equal(0, headers.get(3).value().length, "an empty header value");
            }
        }
    }

    private static void acks() throws Exception {
        String topic = Checks.topic("acks", 1);
        for (String acks : List.of("0", "1")) {
            try (var producer = Checks.producer("acks", acks, "enable.idempotence", false)) {
                for (int i = 0; i < 100; i++) producer.send(new ProducerRecord<>(topic, acks + ":" + i));
            }
        }
        var read = readAll(new TopicPartition(topic, 0), 200);
        Checks.equal("0:0", read.get(0).value(), "first");
        Checks.equal("1:99", read.get(199).value(), "last");
    }

    private static void order() throws Exception {
        int partitions = 4, each = 5000;
        String topic = Checks.topic("order", partitions);
        try (var producer = Checks.producer("linger.ms", 0, "batch.size", 512)) {
            for (int i = 0; i < each; i++) {
                for (int p = 0; p < partitions; p++) producer.send(new ProducerRecord<>(topic, p, null, "" + i));
            }
        }
        for (int p = 0; p < partitions; p++) {
            var read = readAll(new TopicPartition(topic, p), each);
            for (int i = 0; i < each; i++) Checks.equal("" + i, read.get(i).value(), "record " + i + " of " + p);
        }
    }

    private static void large() throws Exception {
        String topic = Checks.topic("large", 1);
        String value = "x".repeat(900_000);
        try (var producer = Checks.producer()) {
            producer.send(new ProducerRecord<>(topic, 0, null, value));
            producer.send(new ProducerRecord<>(topic, 0, null, "after"));
        }
        // A batch above the limits of a fetch is sent all the same, or the consumer would stand still.
        var read = readAll(new TopicPartition(topic, 0), 2, "max.partition.fetch.bytes", 1000, "fetch.max.bytes", 1000);
        Checks.that(value.equals(read.get(0).value()), "900,000 bytes come back");
    }

    private static void tooLarge() throws Exception {
        String topic = Checks.topic("too-large", 1);
        try (var producer = Checks.producer("max.request.size", 10_000_000, "buffer.memory", 50_000_000)) {
            Checks.refused(RecordTooLargeException.class,
                    () -> producer.send(new ProducerRecord<>(topic, 0, null, "x".repeat(2_000_000))).get());
            Checks.equal(0L, producer.send(new ProducerRecord<>(topic, 0, null, "fits")).get().offset(), "next offset");
        }
    }

    private static void keyless() throws Exception {
        String topic = Checks.topic("keyless", 1, Map.of("cleanup.policy", "compact"));
        try (var producer = Checks.producer()) {
            Checks.refused(InvalidRecordException.class, () -> producer.send(new ProducerRecord<>(topic, "v")).get());
            producer.send(new ProducerRecord<>(topic, "k", "v")).get();
        }
    }

    private static void farAhead() throws Exception {
        String topic = Checks.topic("far-ahead", 1);
        try (var producer = Checks.producer()) {
            Checks.refused(InvalidTimestampException.class, () -> producer.send(new ProducerRecord<>(
                    topic, 0, System.currentTimeMillis() + TimeUnit.HOURS.toMillis(3), null, "v")).get());
        }
    }

    private static void logAppendTime() throws Exception {
        String topic = Checks.topic("append-time", 1, Map.of("message.timestamp.type", "LogAppendTime"));
        long before = System.currentTimeMillis();
        RecordMetadata sent;
        try (var producer = Checks.producer()) {
            sent = producer.send(new ProducerRecord<>(topic, 0, 1000L, null, "v")).get();
        }
        var record = readAll(new TopicPartition(topic, 0), 1).get(0);
        Checks.equal(TimestampType.LOG_APPEND_TIME, record.timestampType(), "timestamp type");
        Checks.that(record.timestamp() >= before, "the broker's clock, not the client's 1000");
        Checks.equal(record.timestamp(), sent.timestamp(), "the producer is told the same");
    }

    private static void longPoll() throws Exception {
        String topic = Checks.topic("long-poll", 1);
        var partition = new TopicPartition(topic, 0);
        try (var producer = Checks.producer();
                var consumer = Checks.consumer("fetch.max.wait.ms", 60_000, "request.timeout.ms", 90_000)) {
            producer.partitionsFor(topic);
            consumer.assign(List.of(partition));
            consumer.poll(Duration.ofMillis(500));
            // The fetch now waits for up to a minute; only the record can end it in time.
            var sent = CompletableFuture.runAsync(() -> producer.send(new ProducerRecord<>(topic, "wake")));
            var records = Checks.list(consumer.poll(Duration.ofSeconds(30)));
            sent.get();
            Checks.equal(1, records.size(), "records");
            // The next fetch waits already; a close in order would wait with it.
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }

    private static void autoCreated() throws Exception {
        String topic = Checks.unique("made-by-producing");
        try (var producer = Checks.producer()) {
            Checks.equal(0L, producer.send(new ProducerRecord<>(topic, "v")).get().offset(), "offset");
        }
        readAll(new TopicPartition(topic, 0), 1);
    }

    private static void badName() throws Exception {
        try (var producer = Checks.producer()) {
            Checks.refused(InvalidTopicException.class, () -> producer.send(new ProducerRecord<>("no spaces", "v")).get());
        }
    }
}
