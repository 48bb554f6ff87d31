import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;

/**
 * Kafka Streams against a broker: prints `ok NAME` or `not ok NAME: reason` for each point, exits 1 if any failed. BOOTSTRAP
 * holds the address, RESTART the command that kills the broker and starts it again.
 */
final class StreamsChecks {
    interface Body {
        void run() throws Exception;
    }

    static final int WAIT_S = 180;
    static final int PARTITIONS = 2;
    static final String[] WORDS = "a river rises where many small streams meet and runs to the sea".split(" ");

    private static List<String> wanted;
    private static boolean failed;
    private static Path work;

    public static void main(String[] args) throws Exception {
        wanted = List.of(args);
        work = Files.createTempDirectory("streams");
        point("word count, exactly once, killed and restarted", () -> wordCount(false));
        if (System.getenv("RESTART") != null) {
            point("word count, exactly once, broker killed and restarted", () -> wordCount(true));
        }
        point("streams groups: word count, exactly once, instances come and go", () -> new GroupChecks(work).wordCount());
        point("joins: stream with table, stream with stream in a window", StreamsChecks::joins);
        try (var files = Files.walk(work)) {
            files.map(Path::toFile).sorted((a, b) -> b.compareTo(a)).forEach(File::delete);
        }
        System.exit(failed ? 1 : 0);
    }

    private static void point(String name, Body body) {
        if (!wanted.isEmpty() && wanted.stream().noneMatch(name::contains)) return;
        long began = System.nanoTime();
        try {
            body.run();
            System.out.printf("ok %s (%.1f s)%n", name, (System.nanoTime() - began) / 1e9);
        } catch (Throwable e) {
            failed = true;
            System.out.println("not ok " + name + ": " + String.valueOf(e).replace('\n', ' '));
            e.printStackTrace();
        }
    }

    /** Lines are written all the while; the output must be each word's counts 1, 2, 3 … without a gap or a second time. */
    private static void wordCount(boolean killBroker) throws Exception {
        String id = unique("word-count");
        String lines = topic(id + "-lines"), counts = topic(id + "-counts");
        var random = new Random(7);
        var expected = new TreeMap<String, Long>();
        var state = work.resolve(id).toString();
        Process application = launch(id, lines, counts, state);
        try (var producer = producer(); var consumer = consumer(counts, new LongDeserializer())) {
            var seen = new TreeMap<String, List<Long>>();
            int[] taken = {0};
            BooleanSupplier more = () -> {
                for (ConsumerRecord<String, Long> r : consumer.poll(Duration.ofMillis(50))) {
                    seen.computeIfAbsent(r.key(), k -> new ArrayList<>()).add(r.value());
                    taken[0]++;
                }
                return false;
            };
            Body line = () -> {
                var words = new ArrayList<String>();
                for (int i = 0; i < 5; i++) {
                    String word = WORDS[random.nextInt(WORDS.length)];
                    words.add(word);
                    expected.merge(word, 1L, Long::sum);
                }
                producer.send(new ProducerRecord<>(lines, random.nextInt(PARTITIONS), null, String.join(" ", words)));
            };
            // How many counts have come when the kill comes: never between two transactions, as lines keep coming.
            for (int round = 1; round <= 3; round++) {
                int enough = round * 500;
                until(enough + " counts", () -> {
                    try {
                        for (int i = 0; i < 5; i++) line.run();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                    more.getAsBoolean();
                    return taken[0] >= enough;
                });
                if (round == 2) {
                    if (killBroker) {
                        restart();
                    } else {
                        application.destroyForcibly().waitFor();
                        application = launch(id, lines, counts, state);
                    }
                }
            }
            producer.flush();
            long total = expected.values().stream().mapToLong(n -> n).sum();
            until("all " + total + " counts", () -> more.getAsBoolean() || taken[0] >= total);
            consumer.poll(Duration.ofMillis(500)).forEach(r -> seen.get(r.key()).add(r.value()));
            for (var word : expected.entrySet()) {
                var wanted = new ArrayList<Long>();
                for (long n = 1; n <= word.getValue(); n++) wanted.add(n);
                equal(wanted, seen.get(word.getKey()), "counts of '" + word.getKey() + "'");
            }
            that(application.isAlive(), "the application lives");
        } finally {
            application.destroyForcibly().waitFor();
        }
    }

    private static Process launch(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(List.of(System.getenv("JAVA_OPTIONS").split(" ")));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "WordCount"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    /** Orders meet a table of customers by another key (a repartition topic) and payments within ten seconds of them. */
    private static void joins() throws Exception {
        String id = unique("joins");
        String customers = topic(id + "-customers"), orders = topic(id + "-orders"), payments = topic(id + "-payments");
        String named = topic(id + "-named"), paid = topic(id + "-paid");
        var strings = Consumed.with(Serdes.String(), Serdes.String());
        var out = Produced.with(Serdes.String(), Serdes.String());
        var builder = new StreamsBuilder();
        var table = builder.table(customers, strings);
        var stream = builder.stream(orders, strings);
        stream.selectKey((order, customer) -> customer)
                .join(table, (order, name) -> order + " by " + name,
                        Joined.with(Serdes.String(), Serdes.String(), Serdes.String()))
                .to(named, out);
        stream.join(builder.stream(payments, strings), (order, payment) -> order + " paid " + payment,
                        JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofSeconds(10)),
                        StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String()))
                .to(paid, out);
        var settings = WordCount.settings(id, work.resolve(id).toString());
        try (var producer = producer(); var streams = new KafkaStreams(builder.build(), settings)) {
            long now = System.currentTimeMillis() - 600_000;
            for (int c = 0; c < 10; c++) {
                producer.send(new ProducerRecord<>(customers, null, now, "c" + c, "old")).get();
                producer.send(new ProducerRecord<>(customers, null, now, "c" + c, "name" + c)).get();
            }
            producer.send(new ProducerRecord<>(customers, null, now, "c9", (String) null)).get();
            var wantedNamed = new ArrayList<String>();
            var wantedPaid = new ArrayList<String>();
            for (int o = 0; o < 100; o++) {
                int c = o % 10;
                producer.send(new ProducerRecord<>(orders, null, now + 1000 + o, "o" + o, "c" + c));
                if (c != 9) wantedNamed.add("c" + c + "=c" + c + " by name" + c);
                // Every third payment comes too late to be joined.
                long delay = o % 3 == 0 ? 20_000 : 5_000;
                if (o % 3 != 0) wantedPaid.add("o" + o + "=c" + c + " paid p" + o);
                producer.send(new ProducerRecord<>(payments, null, now + 1000 + o + delay, "o" + o, "p" + o));
            }
            producer.flush();
            streams.start();
            wantedNamed.sort(null);
            wantedPaid.sort(null);
            equal(wantedNamed, read(named, wantedNamed.size()), "orders with names");
            equal(wantedPaid, read(paid, wantedPaid.size()), "orders paid in time");
            streams.close(Duration.ofSeconds(60));
        }
    }

    private static List<String> read(String topic, int count) {
        var found = new ArrayList<String>();
        try (var consumer = consumer(topic, new StringDeserializer())) {
            until(count + " records of " + topic, () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(r -> found.add(r.key() + "=" + r.value()));
                return found.size() >= count;
            });
            consumer.poll(Duration.ofMillis(300)).forEach(r -> found.add(r.key() + "=" + r.value()));
        }
        found.sort(null);
        return found;
    }

    static KafkaProducer<String, String> producer() {
        return new KafkaProducer<>(Map.of("bootstrap.servers", System.getenv("BOOTSTRAP"), "linger.ms", 5),
                new StringSerializer(), new StringSerializer());
    }

    static <V> KafkaConsumer<String, V> consumer(String topic, Deserializer<V> values) {
        var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", System.getenv("BOOTSTRAP"),
                "isolation.level", "read_committed", "enable.auto.commit", false), new StringDeserializer(), values);
        var all = new ArrayList<TopicPartition>();
        for (int p = 0; p < PARTITIONS; p++) all.add(new TopicPartition(topic, p));
        consumer.assign(all);
        consumer.seekToBeginning(all);
        return consumer;
    }

    static String topic(String name) throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", System.getenv("BOOTSTRAP")))) {
            admin.createTopics(List.of(new NewTopic(name, PARTITIONS, (short) 1))).all().get(WAIT_S, TimeUnit.SECONDS);
        }
        return name;
    }

    static void restart() throws Exception {
        var process = new ProcessBuilder("bash", "-c", System.getenv("RESTART")).inheritIO()
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        that(process.waitFor(240, TimeUnit.SECONDS) && process.exitValue() == 0, "the broker starts again");
    }

    static String unique(String name) {
        return name + "-" + UUID.randomUUID().toString().substring(0, 8);
    }

    static void until(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (!holds.getAsBoolean()) that(System.nanoTime() < end, "not within " + WAIT_S + " s: " + what);
    }

    static void that(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static void equal(Object expected, Object actual, String what) {
        that(expected.equals(actual), what + ": expected " + brief(expected) + ", got " + brief(actual));
    }

    private static String brief(Object value) {
        String text = String.valueOf(value);
        return text.length() < 300 ? text : text.substring(0, 300) + "…";
    }
}
