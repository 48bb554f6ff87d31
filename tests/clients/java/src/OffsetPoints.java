import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where a log begins and ends, and finding a place in it. */
final class OffsetPoints {
    static void add(Checks c) {
        c.point("beginning and end offsets, seek", OffsetPoints::ends);
        c.point("offsets for times", OffsetPoints::times);
        c.point("offset out of range", OffsetPoints::outOfRange);
        c.point("records deleted", OffsetPoints::deleteRecords);
    }

    /** A topic of one partition whose record i has timestamp base + 1000 i, in batches of ten. */
    private static TopicPartition filled(String name, int count, long base) throws Exception {
        String topic = Checks.topic(name, 1);
        try (var producer = Checks.producer("linger.ms", 1000)) {
            for (int i = 0; i < count; i++) {
                producer.send(new ProducerRecord<>(topic, 0, base + 1000L * i, null, "" + i));
                if (i % 10 == 9) producer.flush();
            }
        }
        return new TopicPartition(topic, 0);
    }

    private static void ends() throws Exception {
        var partition = filled("ends", 100, System.currentTimeMillis() - 200_000);
        try (var consumer = Checks.consumer()) {
            Checks.equal(Map.of(partition, 0L), consumer.beginningOffsets(List.of(partition)), "beginning");
            Checks.equal(Map.of(partition, 100L), consumer.endOffsets(List.of(partition)), "end");
            consumer.assign(List.of(partition));
            // 57 lies inside a batch: the client gets the whole batch and must see only what it asked for.
            for (long at : new long[] {57, 0, 99, 50}) {
                consumer.seek(partition, at);
                Checks.until("records from " + at, () -> {
                    var records = Checks.list(consumer.poll(Duration.ofMillis(200)));
                    if (records.isEmpty()) return false;
                    Checks.equal(at, records.get(0).offset(), "first offset after seek");
                    Checks.equal("" + at, records.get(0).value(), "its value");
                    return true;
                });
            }
            consumer.seekToEnd(List.of(partition));
            Checks.equal(100L, consumer.position(partition), "position at the end");
        }
    }

    private static void times() throws Exception {
        long base = System.currentTimeMillis() - 200_000;
        var partition = filled("times", 100, base);
        record Case(long time, Long offset) {}
        var cases = List.of(new Case(0, 0L), new Case(base, 0L), new Case(base + 1, 1L), new Case(base + 55_000, 55L),
                new Case(base + 54_500, 55L), new Case(base + 99_000, 99L), new Case(base + 99_001, null));
        try (var consumer = Checks.consumer(); var admin = Checks.admin()) {
            for (var it : cases) {
                var found = consumer.offsetsForTimes(Map.of(partition, it.time)).get(partition);
                Checks.equal(String.valueOf(it.offset), String.valueOf(found == null ? null : found.offset()),
                        "offset for base + " + (it.time - base));
                if (found != null) Checks.equal(base + 1000 * found.offset(), found.timestamp(), "its timestamp");
            }
            Checks.equal(0L, listed(admin, partition, OffsetSpec.earliest()), "earliest");
            Checks.equal(100L, listed(admin, partition, OffsetSpec.latest()), "latest");
            Checks.equal(99L, listed(admin, partition, OffsetSpec.maxTimestamp()), "of the greatest timestamp");
            Checks.equal(12L, listed(admin, partition, OffsetSpec.forTimestamp(base + 11_500)), "for a timestamp");
        }
    }

    private static Object listed(org.apache.kafka.clients.admin.Admin admin, TopicPartition partition, OffsetSpec spec)
            throws Exception {
        return Checks.get(admin.listOffsets(Map.of(partition, spec)).partitionResult(partition)).offset();
    }

    private static void outOfRange() throws Exception {
        var partition = filled("out-of-range", 10, System.currentTimeMillis() - 20_000);
        try (var consumer = Checks.consumer("auto.offset.reset", "none")) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 11);
            Checks.refused(OffsetOutOfRangeException.class, () -> consumer.poll(Duration.ofMillis(Checks.WAIT_MS)));
        }
        try (var consumer = Checks.consumer("auto.offset.reset", "none", "group.id", Checks.unique("none"))) {
            consumer.assign(List.of(partition));
            Checks.refused(NoOffsetForPartitionException.class, () -> consumer.poll(Duration.ofMillis(Checks.WAIT_MS)));
        }
    }

    private static void deleteRecords() throws Exception {
        var partition = filled("delete-records", 100, System.currentTimeMillis() - 200_000);
        try (var admin = Checks.admin(); var consumer = Checks.consumer()) {
            var low = Checks.get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(35)))
                    .lowWatermarks().get(partition)).lowWatermark();
            Checks.equal(35L, low, "low watermark");
            Checks.equal(Map.of(partition, 35L), consumer.beginningOffsets(List.of(partition)), "beginning");
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Checks.until("a record", () -> {
                var records = Checks.list(consumer.poll(Duration.ofMillis(200)));
                if (records.isEmpty()) return false;
                Checks.equal(35L, records.get(0).offset(), "first offset that is left");
                return true;
            });
            Checks.get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(-1))).all());
            Checks.equal(Map.of(partition, 100L), consumer.beginningOffsets(List.of(partition)), "beginning, all deleted");
            Checks.refused(org.apache.kafka.common.errors.OffsetOutOfRangeException.class, () -> Checks.get(
                    admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(101))).all()));
        }
    }
}
