import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;

/** Transactions: all or nothing, and never by two at once. */
final class TransactionPoints {
    static void add(Checks c) {
        c.point("transactions committed and aborted", TransactionPoints::commitAndAbort);
        c.point("transactions with offsets", TransactionPoints::offsets);
        c.point("transactions: the older producer is fenced", TransactionPoints::fenced);
        c.point("transactions one right after another, by four producers", TransactionPoints::oneAfterAnother);
    }

    private static void commitAndAbort() throws Exception {
        String topic = Checks.topic("transactions", 1);
        var partition = new TopicPartition(topic, 0);
        try (var producer = Checks.producer("transactional.id", Checks.unique("tx"))) {
            producer.initTransactions();
            for (int round = 0; round < 6; round++) {
                producer.beginTransaction();
                for (int i = 0; i < 10; i++) {
                    producer.send(new ProducerRecord<>(topic, 0, null, (round % 2 == 0 ? "kept " : "dropped ") + round));
                }
                producer.flush();
                if (round % 2 == 0) producer.commitTransaction();
                else producer.abortTransaction();
            }
            var kept = RecordPoints.readAll(partition, 30, "isolation.level", "read_committed");
            Checks.that(kept.stream().allMatch(r -> r.value().startsWith("kept")), "only committed records");
            RecordPoints.readAll(partition, 60, "isolation.level", "read_uncommitted");

            producer.beginTransaction();
            producer.send(new ProducerRecord<>(topic, 0, null, "open")).get();
            try (var committed = Checks.consumer("isolation.level", "read_committed"); var all = Checks.consumer()) {
                // 60 records and a marker for each transaction; the open one lies behind.
                Checks.equal(Map.of(partition, 66L), committed.endOffsets(List.of(partition)), "last stable offset");
                Checks.equal(Map.of(partition, 67L), all.endOffsets(List.of(partition)), "high watermark");
            }
            producer.commitTransaction();
        }
    }

    private static void offsets() throws Exception {
        String topic = Checks.topic("transactions-offsets", 1), group = Checks.unique("tx");
        var partition = new TopicPartition(topic, 0);
        // Kafka answers the end of a transaction before its markers are written. Only a consumer of committed records
        // waits for those when it asks for offsets.
        try (var producer = Checks.producer("transactional.id", group);
                var consumer = Checks.consumer("group.id", group, "isolation.level", "read_committed")) {
            producer.initTransactions();
            consumer.subscribe(List.of(topic));
            Checks.until("an assignment", () -> {
                consumer.poll(Duration.ofMillis(50));
                return !consumer.assignment().isEmpty();
            });
            // Ends the client's own fetch of its committed offset: a later question would be given that one's old answer.
            consumer.position(partition);
            for (long at : new long[] {5, 9}) {
                producer.beginTransaction();
                producer.send(new ProducerRecord<>(topic, 0, null, "with " + at));
                producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(at)), consumer.groupMetadata());
                if (at == 5) producer.commitTransaction();
                else producer.abortTransaction();
            }
            Checks.equal(5L, consumer.committed(Set.of(partition)).get(partition).offset(), "only the committed offset");
        }
    }

    private static void fenced() throws Exception {
        String topic = Checks.topic("transactions-fenced", 1), id = Checks.unique("tx");
        try (var older = Checks.producer("transactional.id", id)) {
            older.initTransactions();
            older.beginTransaction();
            older.send(new ProducerRecord<>(topic, 0, null, "older")).get();
            try (var younger = Checks.producer("transactional.id", id)) {
                younger.initTransactions();
                younger.beginTransaction();
                younger.send(new ProducerRecord<>(topic, 0, null, "younger"));
                younger.commitTransaction();
            }
            try {
                older.commitTransaction();
                throw new AssertionError("the older producer committed");
            } catch (ProducerFencedException | InvalidProducerEpochException expected) {
                // Either says it: which one depends on the version of the protocol.
            }
        }
        var read = RecordPoints.readAll(new TopicPartition(topic, 0), 1, "isolation.level", "read_committed");
        Checks.equal("younger", read.get(0).value(), "the one committed record");
    }

    /** The next transaction begins while the markers of the last one are still being written. */
    private static void oneAfterAnother() throws Exception {
        int producers = 4, rounds = 60, partitions = 4;
        String topic = Checks.topic("transactions-loop", partitions);
        var failures = new ConcurrentLinkedQueue<Exception>();
        var threads = new ArrayList<Thread>();
        for (int n = 0; n < producers; n++) {
            var thread = new Thread(() -> {
                try (var producer = Checks.producer("transactional.id", Checks.unique("tx"), "linger.ms", 0)) {
                    producer.initTransactions();
                    for (int round = 0; round < rounds; round++) {
                        producer.beginTransaction();
                        for (int p = 0; p < partitions; p++) {
                            producer.send(new ProducerRecord<>(topic, p, null, "v"), (metadata, e) -> {
                                if (e != null) failures.add(e);
                            });
                        }
                        producer.commitTransaction();
                    }
                } catch (Exception e) {
                    failures.add(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (var thread : threads) thread.join();
        if (!failures.isEmpty()) throw failures.peek();
        for (int p = 0; p < partitions; p++) {
            RecordPoints.readAll(new TopicPartition(topic, p), producers * rounds, "isolation.level", "read_committed");
        }
    }
}
