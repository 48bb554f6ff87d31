import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** The broker is killed (kill -9) and started again while a client works. RESTART holds the command for it. */
final class RestartPoints {
    static void add(Checks c) {
        if (System.getenv("RESTART") == null) return;
        c.point("broker killed and restarted: nothing lost, doubled or disordered", RestartPoints::producing);
        c.point("broker killed and restarted: committed offsets and topics stay", RestartPoints::remembered);
    }

    static void restart() throws Exception {
        var process = new ProcessBuilder("bash", "-c", System.getenv("RESTART")).inheritIO()
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        Checks.that(process.waitFor(240, TimeUnit.SECONDS) && process.exitValue() == 0, "the broker starts again");
    }

    private static void producing() throws Exception {
        int partitions = 3;
        String topic = Checks.topic("restart", partitions);
        var stop = new AtomicBoolean();
        var failure = new AtomicReference<Exception>();
        var acknowledged = new ConcurrentSkipListSet<Integer>();
        int[] sent = new int[1];
        var worker = new Thread(() -> {
            try (var producer = Checks.producer("linger.ms", 0, "delivery.timeout.ms", 180_000)) {
                for (int i = 0; !stop.get(); i++) {
                    int number = i;
                    producer.send(new ProducerRecord<>(topic, i % partitions, null, "" + i), (metadata, e) -> {
                        if (e != null) failure.compareAndSet(null, e);
                        else acknowledged.add(number);
                    });
                    sent[0] = i + 1;
                    if (i % 100 == 0) Thread.sleep(1);
                }
            } catch (Exception e) {
                failure.compareAndSet(null, e);
            }
        });
        worker.start();
        for (int round = 0; round < 2; round++) {
            Thread.sleep(1000);
            restart();
        }
        Thread.sleep(1000);
        stop.set(true);
        worker.join();
        if (failure.get() != null) throw failure.get();
        Checks.equal(sent[0], acknowledged.size(), "acknowledged of those sent");
        for (int p = 0; p < partitions; p++) {
            int count = (sent[0] - p + partitions - 1) / partitions;
            var read = RecordPoints.readAll(new TopicPartition(topic, p), count);
            for (int i = 0; i < count; i++) {
                Checks.equal("" + (i * partitions + p), read.get(i).value(), "record " + i + " of partition " + p);
            }
        }
    }

    private static void remembered() throws Exception {
        String topic = Checks.topic("remembered", 2, Map.of("retention.ms", "7200000")), group = Checks.unique("remembered");
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (int p = 0; p < 2; p++) offsets.put(new TopicPartition(topic, p), new OffsetAndMetadata(5 + p, "m" + p));
        try (var producer = Checks.producer(); var consumer = Checks.consumer("group.id", group); var admin = Checks.admin()) {
            for (int i = 0; i < 20; i++) producer.send(new ProducerRecord<>(topic, i % 2, null, "" + i)).get();
            consumer.assign(offsets.keySet());
            consumer.commitSync(offsets);
            var before = Checks.get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).topicId();
            restart();
            Checks.equal(offsets, consumer.committed(Set.copyOf(offsets.keySet())), "committed offsets");
            Checks.equal(before, Checks.get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic).topicId(),
                    "topic id");
            // The same clients, whose connections died, go on.
            Checks.equal(10L, producer.send(new ProducerRecord<>(topic, 0, null, "after")).get().offset(), "next offset");
            Checks.until("records from the committed offset", () -> {
                var records = Checks.list(consumer.poll(Duration.ofMillis(200)));
                records.forEach(r -> Checks.that(r.offset() >= 5 + r.partition(), "no record before the commit"));
                return !records.isEmpty();
            });
        }
    }
}
