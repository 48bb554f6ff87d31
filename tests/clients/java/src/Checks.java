import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The Java client against a broker: runs each point, prints `ok NAME` or `not ok NAME: reason`, and
 * exits 1 if any failed. BOOTSTRAP holds the address; the arguments, if any, select points by a part
 * of their names.
 */
final class Checks {
    interface Body {
        void run() throws Exception;
    }

    /** No single call may take longer, on a slow machine either: a client's own default is up to five minutes. */
    static final int WAIT_MS = 90_000;

    static final String BOOTSTRAP = System.getenv("BOOTSTRAP");

    private final List<String> wanted;
    private int failed;

    private Checks(List<String> wanted) {
        this.wanted = wanted;
    }

    public static void main(String[] args) {
        var checks = new Checks(List.of(args));
        TopicPoints.add(checks);
        RecordPoints.add(checks);
        OffsetPoints.add(checks);
        GroupPoints.add(checks);
        ConsumerProtocolPoints.add(checks);
        SharePoints.add(checks);
        TransactionPoints.add(checks);
        RestartPoints.add(checks);
        System.exit(checks.failed == 0 ? 0 : 1);
    }

    void point(String name, Body body) {
        if (!wanted.isEmpty() && wanted.stream().noneMatch(name::contains)) return;
        long began = System.nanoTime();
        try {
            body.run();
            System.out.printf("ok %s (%.1f s)%n", name, (System.nanoTime() - began) / 1e9);
        } catch (Throwable e) {
            failed++;
            Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
            System.out.println("not ok " + name + ": " + String.valueOf(cause).replace('\n', ' '));
            cause.printStackTrace();
        }
    }

    static void equal(Object expected, Object actual, String what) {
        if (!expected.equals(actual)) {
            throw new AssertionError(what + ": expected " + expected + ", got " + actual);
        }
    }

    static void that(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static <E extends Throwable> E refused(Class<E> kind, Body body) throws Exception {
        Throwable thrown = null;
        try {
            body.run();
        } catch (ExecutionException e) {
            thrown = e.getCause();
        } catch (Exception e) {
            thrown = e;
        }
        that(thrown != null, "expected " + kind.getSimpleName() + ", but it was accepted");
        if (!kind.isInstance(thrown)) {
            throw new AssertionError("expected " + kind.getSimpleName() + ", got " + thrown, thrown);
        }
        return kind.cast(thrown);
    }

    static void until(String what, BooleanSupplier holds) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(WAIT_MS);
        while (!holds.getAsBoolean()) {
            that(System.nanoTime() < deadline, "not within " + WAIT_MS + " ms: " + what);
        }
    }

    /** A name no earlier run has used: brokers are shared between checks. */
    static String unique(String name) {
        return name + "-" + UUID.randomUUID().toString().substring(0, 8);
    }

    static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(WAIT_MS, TimeUnit.MILLISECONDS);
    }

    static Admin admin() {
        var p = new Properties();
        p.put("bootstrap.servers", BOOTSTRAP);
        p.put("default.api.timeout.ms", WAIT_MS);
        return Admin.create(p);
    }

    static String topic(String name, int partitions, Map<String, String> configs) throws Exception {
        String topic = unique(name);
        try (var admin = admin()) {
            get(admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all());
            // Kafka answers before its broker knows of its leadership. A producer that comes too early there is
            // refused, and one with several requests in flight may even be stuck on OUT_OF_ORDER_SEQUENCE_NUMBER.
            var latest = new HashMap<TopicPartition, OffsetSpec>();
            for (int p = 0; p < partitions; p++) latest.put(new TopicPartition(topic, p), OffsetSpec.latest());
            get(admin.listOffsets(latest).all());
        }
        return topic;
    }

    static String topic(String name, int partitions) throws Exception {
        return topic(name, partitions, Map.of());
    }

    static KafkaProducer<String, String> producer(Object... settings) {
        var p = pairs(settings);
        p.putIfAbsent("delivery.timeout.ms", WAIT_MS);
        p.putIfAbsent("request.timeout.ms", 30_000);
        p.putIfAbsent("linger.ms", 5);
        p.put("max.block.ms", WAIT_MS);
        return new KafkaProducer<>(p, new StringSerializer(), new StringSerializer());
    }

    static KafkaConsumer<String, String> consumer(Object... settings) {
        var p = pairs(settings);
        p.putIfAbsent("auto.offset.reset", "earliest");
        p.putIfAbsent("enable.auto.commit", false);
        p.putIfAbsent("session.timeout.ms", 30_000);
        p.putIfAbsent("heartbeat.interval.ms", 300);
        p.put("default.api.timeout.ms", WAIT_MS);
        if ("consumer".equals(p.get("group.protocol"))) {
            // With the new protocol both are the broker's to say.
            p.remove("session.timeout.ms");
            p.remove("heartbeat.interval.ms");
        }
        return new KafkaConsumer<>(p, new StringDeserializer(), new StringDeserializer());
    }

    private static Map<String, Object> pairs(Object... settings) {
        Map<String, Object> p = new HashMap<>();
        p.put("bootstrap.servers", BOOTSTRAP);
        for (int i = 0; i < settings.length; i += 2) p.put((String) settings[i], settings[i + 1]);
        return p;
    }

    static <T> List<T> list(Iterable<T> items) {
        var all = new ArrayList<T>();
        items.forEach(all::add);
        return all;
    }
}
