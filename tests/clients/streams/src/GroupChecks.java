import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.apache.kafka.streams.StreamsConfig;

/** Kafka Streams with group.protocol=streams (KIP-1071): the broker makes the internal topics and deals out the tasks. */
final class GroupChecks {
    private static final int TASKS = 2 * StreamsChecks.PARTITIONS;

    private final String id = StreamsChecks.unique("streams-group");
    private final String lines = StreamsChecks.topic(id + "-lines");
    private final String counts = StreamsChecks.topic(id + "-counts");
    private final Path work;
    private final Random random = new Random(11);
    private final Map<String, Long> expected = new TreeMap<>();
    private final Map<String, List<Long>> seen = new TreeMap<>();
    private int taken;

    GroupChecks(Path work) throws Exception {
        this.work = work.resolve(id);
    }

    /**
     * An instance alone, a second one, the broker killed under them, the first one closed and started again: each word's counts
     * are 1, 2, 3 … without a gap or a second time.
     */
    void wordCount() throws Exception {
        try (var admin = Admin.create(Map.of("bootstrap.servers", System.getenv("BOOTSTRAP")));
                var producer = StreamsChecks.producer();
                var consumer = StreamsChecks.consumer(counts, new LongDeserializer())) {
            set(admin, "streams.initial.rebalance.delay.ms", "0");
            BooleanSupplier more = () -> {
                for (int i = 0; i < 3; i++) {
                    var words = new ArrayList<String>();
                    for (int w = 0; w < 5; w++) {
                        String word = StreamsChecks.WORDS[random.nextInt(StreamsChecks.WORDS.length)];
                        words.add(word);
                        expected.merge(word, 1L, Long::sum);
                    }
                    int partition = random.nextInt(StreamsChecks.PARTITIONS);
                    producer.send(new ProducerRecord<>(lines, partition, null, String.join(" ", words)));
                }
                for (ConsumerRecord<String, Long> r : consumer.poll(Duration.ofMillis(50))) take(r);
                return false;
            };
            KafkaStreams first = start("a"), second = null;
            try {
                StreamsChecks.until("the first instance has all tasks", () -> more.getAsBoolean() || active(first) == TASKS);
                int early = taken + 100;
                StreamsChecks.until("counts", () -> more.getAsBoolean() || taken >= early);
                KafkaStreams other = second = start("b");
                StreamsChecks.until("two instances share the tasks", () ->
                        more.getAsBoolean() || active(first) == TASKS / 2 && active(other) == TASKS / 2);
                StreamsChecks.until("the group is stable", () -> {
                    more.getAsBoolean();
                    return described(admin).groupState() == GroupState.STABLE;
                });
                look(described(admin), 2);
                if (System.getenv("RESTART") != null) {
                    StreamsChecks.restart();
                    int later = taken + 100;
                    StreamsChecks.until("counts after the broker's restart", () -> more.getAsBoolean() || taken >= later);
                }
                StreamsChecks.that(first.close(Duration.ofSeconds(60)), "the first instance closes");
                StreamsChecks.until("the second has all tasks", () -> more.getAsBoolean() || active(other) == TASKS);
                try (var again = start("a")) {
                    StreamsChecks.until("the first has come back", () -> more.getAsBoolean() || active(again) == TASKS / 2);
                    producer.flush();
                    long total = expected.values().stream().mapToLong(n -> n).sum();
                    StreamsChecks.until("all " + total + " counts", () -> {
                        for (ConsumerRecord<String, Long> r : consumer.poll(Duration.ofMillis(50))) take(r);
                        return taken >= total;
                    });
                    for (ConsumerRecord<String, Long> r : consumer.poll(Duration.ofMillis(300))) take(r);
                    StreamsChecks.that(other.state() == State.RUNNING, "the second instance runs on");
                }
            } finally {
                first.close(Duration.ofSeconds(5));
                if (second != null) second.close(Duration.ofSeconds(5));
            }
            for (var word : expected.entrySet()) {
                var wanted = new ArrayList<Long>();
                for (long n = 1; n <= word.getValue(); n++) wanted.add(n);
                StreamsChecks.equal(wanted, seen.get(word.getKey()), "counts of '" + word.getKey() + "'");
            }
            admin.deleteStreamsGroups(List.of(id)).all().get(StreamsChecks.WAIT_S, TimeUnit.SECONDS);
        }
    }

    private void take(ConsumerRecord<String, Long> r) {
        seen.computeIfAbsent(r.key(), k -> new ArrayList<>()).add(r.value());
        taken++;
    }

    private KafkaStreams start(String name) {
        Properties settings = WordCount.settings(id, work.resolve(name).toString());
        settings.put(StreamsConfig.GROUP_PROTOCOL_CONFIG, "streams");
        settings.put(StreamsConfig.APPLICATION_SERVER_CONFIG, name + ".test:9");
        var streams = new KafkaStreams(WordCount.topology(lines, counts), settings);
        streams.start();
        return streams;
    }

    private static int active(KafkaStreams streams) {
        return streams.metadataForLocalThreads().stream().mapToInt(thread -> thread.activeTasks().size()).sum();
    }

    private StreamsGroupDescription described(Admin admin) {
        try {
            return admin.describeStreamsGroups(List.of(id)).all().get(StreamsChecks.WAIT_S, TimeUnit.SECONDS).get(id);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void look(StreamsGroupDescription group, int members) {
        StreamsChecks.equal(members, group.members().size(), "members");
        var tasks = new TreeSet<String>();
        for (var member : group.members()) {
            StreamsChecks.equal(member.assignment(), member.targetAssignment(), "what a member has");
            StreamsChecks.that(member.userEndpoint().isPresent(), "a member has an endpoint");
            for (var part : member.assignment().activeTasks()) {
                for (int p : part.partitions()) tasks.add(part.subtopologyId() + "_" + p);
            }
        }
        StreamsChecks.equal(new TreeSet<>(List.of("0_0", "0_1", "1_0", "1_1")), tasks, "tasks");
        StreamsChecks.equal(2, group.subtopologies().size(), "parts of the application");
        var changelogs = group.subtopologies().stream().flatMap(part -> part.stateChangelogTopics().entrySet().stream());
        changelogs.forEach(topic ->
                StreamsChecks.equal(StreamsChecks.PARTITIONS, topic.getValue().partitions(), topic.getKey()));
    }

    private void set(Admin admin, String name, String value) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.GROUP, id);
        var change = new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get(StreamsChecks.WAIT_S, TimeUnit.SECONDS);
    }
}
