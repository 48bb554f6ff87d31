import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DeletedRecords;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Share groups (KIP-932). */
final class SharePoints {
    static void add(Checks c) {
        c.point("share group: what is read is acknowledged by the next poll", SharePoints::implicit);
        c.point("share group: accept, release, reject one by one", SharePoints::explicit);
        c.point("share group: two members share a partition", SharePoints::shared);
        c.point("share group: more partitions than members, and fewer", SharePoints::assigned);
        c.point("share group: released too often is given up", SharePoints::limited);
        c.point("share group: what a member leaves open others get", SharePoints::left);
        c.point("share group: a lock runs out", SharePoints::lockRunsOut);
        c.point("share group: a lock is renewed", SharePoints::renewed);
        c.point("share group: begins at the end unless told otherwise", SharePoints::latest);
        c.point("share group: only committed records", SharePoints::committed);
        c.point("share group: aborted records too unless told otherwise", SharePoints::uncommitted);
        c.point("share group: records that are gone are skipped", SharePoints::deletedRecords);
        c.point("share group: described, listed, deleted", SharePoints::administered);
        c.point("share group: offsets listed, altered, deleted", SharePoints::offsets);
        c.point("share group: other kinds of members are refused", SharePoints::otherKinds);
        if (System.getenv("RESTART") == null) return;
        c.point("share group: broker killed and restarted", SharePoints::restarted);
    }

    private static final Duration POLL = Duration.ofMillis(200);

    static KafkaShareConsumer<String, String> member(String group, Object... more) {
        Map<String, Object> p = new HashMap<>();
        p.put("bootstrap.servers", Checks.BOOTSTRAP);
        p.put("group.id", group);
        p.put("default.api.timeout.ms", Checks.WAIT_MS);
        for (int i = 0; i < more.length; i += 2) p.put((String) more[i], more[i + 1]);
        return new KafkaShareConsumer<>(p, new StringDeserializer(), new StringDeserializer());
    }

    static KafkaShareConsumer<String, String> explicitMember(String group) {
        return member(group, "share.acknowledgement.mode", "explicit");
    }

    /** A group with these settings; it begins with what is there unless they say otherwise. */
    static String group(String name, String... settings) throws Exception {
        String group = Checks.unique(name);
        var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        var set = new TreeMap<>(Map.of("share.auto.offset.reset", "earliest"));
        for (int i = 0; i < settings.length; i += 2) set.put(settings[i], settings[i + 1]);
        Collection<AlterConfigOp> ops = new ArrayList<>();
        set.forEach((k, v) -> ops.add(new AlterConfigOp(new ConfigEntry(k, v), AlterConfigOp.OpType.SET)));
        try (var admin = Checks.admin()) {
            Checks.get(admin.incrementalAlterConfigs(Map.of(resource, ops)).all());
        }
        return group;
    }

    static void produce(String topic, int from, int count) throws Exception {
        try (var producer = Checks.producer()) {
            for (int i = from; i < from + count; i++) producer.send(new ProducerRecord<>(topic, 0, null, "" + i));
        }
    }

    /** What it is given until there are so many. */
    static List<ConsumerRecord<String, String>> read(KafkaShareConsumer<String, String> consumer, int count) {
        var all = new ArrayList<ConsumerRecord<String, String>>();
        Checks.until(count + " records", () -> {
            all.addAll(Checks.list(consumer.poll(POLL)));
            return all.size() >= count;
        });
        Checks.equal(count, all.size(), "records");
        return all;
    }

    /** Nothing comes for a while. */
    static void nothing(KafkaShareConsumer<String, String> consumer, int polls) {
        for (int i = 0; i < polls; i++) {
            var got = Checks.list(consumer.poll(POLL));
            Checks.that(got.isEmpty(), "nothing more is there, but got " + got);
        }
    }

    static List<String> values(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    static List<String> numbers(int from, int count) {
        var all = new ArrayList<String>();
        for (int i = from; i < from + count; i++) all.add("" + i);
        return all;
    }

    private static void committedAll(KafkaShareConsumer<String, String> consumer) {
        consumer.commitSync().forEach((partition, error) -> Checks.that(error.isEmpty(), partition + ": " + error));
    }

    private static void implicit() throws Exception {
        String topic = Checks.topic("share", 1), group = group("implicit");
        produce(topic, 0, 100);
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            var got = read(consumer, 100);
            Checks.equal(numbers(0, 100), values(got), "values");
            Checks.equal((short) 1, got.get(0).deliveryCount().orElseThrow(), "delivery count");
            produce(topic, 100, 10);
            Checks.equal(numbers(100, 10), values(read(consumer, 10)), "more");
            committedAll(consumer);
        }
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            produce(topic, 110, 5);
            Checks.equal(numbers(110, 5), values(read(consumer, 5)), "only what is new");
        }
    }

    private static void explicit() throws Exception {
        String topic = Checks.topic("share", 1), group = group("explicit");
        produce(topic, 0, 6);
        try (var consumer = explicitMember(group)) {
            consumer.subscribe(List.of(topic));
            var types = List.of(AcknowledgeType.ACCEPT, AcknowledgeType.RELEASE, AcknowledgeType.REJECT);
            for (var record : read(consumer, 6)) {
                consumer.acknowledge(record, types.get(Integer.parseInt(record.value()) % 3));
            }
            committedAll(consumer);
            var again = read(consumer, 2);
            Checks.equal(List.of("1", "4"), values(again), "released");
            for (var record : again) {
                Checks.equal((short) 2, record.deliveryCount().orElseThrow(), "delivery count");
                consumer.acknowledge(record);
            }
            committedAll(consumer);
            nothing(consumer, 5);
        }
    }

    private static void shared() throws Exception {
        String topic = Checks.topic("share", 1), group = group("shared");
        var got = new HashMap<String, Integer>();
        int[] each = new int[2];
        try (var one = member(group, "max.poll.records", 5); var two = member(group, "max.poll.records", 5)) {
            one.subscribe(List.of(topic));
            two.subscribe(List.of(topic));
            var members = List.of(one, two);
            int[] sent = new int[1];
            Checks.until("both members get records", () -> {
                try {
                    produce(topic, sent[0], 20);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
                sent[0] += 20;
                for (int m = 0; m < 2; m++) {
                    for (var record : members.get(m).poll(Duration.ofMillis(50))) {
                        got.merge(record.value(), 1, Integer::sum);
                        each[m]++;
                    }
                }
                return each[0] > 0 && each[1] > 0;
            });
            Checks.until("every record", () -> {
                for (var member : members) {
                    for (var record : member.poll(Duration.ofMillis(50))) got.merge(record.value(), 1, Integer::sum);
                }
                return got.size() == sent[0];
            });
            Checks.equal(Set.of(1), new HashSet<>(got.values()), "times that each record came");
        }
    }

    private static Set<TopicPartition> assignment(String group, int members) throws Exception {
        var seen = new HashSet<TopicPartition>();
        try (var admin = Checks.admin()) {
            var description = Checks.get(admin.describeShareGroups(List.of(group)).all()).get(group);
            if (description.members().size() != members) return Set.of();
            for (var member : description.members()) {
                if (member.assignment().topicPartitions().isEmpty()) return Set.of();
                seen.addAll(member.assignment().topicPartitions());
            }
        }
        return seen;
    }

    private static void assigned() throws Exception {
        for (int partitions : new int[] {1, 5}) {
            String topic = Checks.topic("share", partitions), group = group("assigned");
            try (var one = member(group); var two = member(group); var three = member(group)) {
                var members = List.of(one, two, three);
                members.forEach(member -> member.subscribe(List.of(topic)));
                Checks.until("each member has a share, and all partitions are dealt", () -> {
                    members.forEach(member -> member.poll(Duration.ofMillis(50)));
                    try {
                        return assignment(group, 3).size() == partitions;
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
            }
        }
    }

    private static void limited() throws Exception {
        String topic = Checks.topic("share", 1), group = group("limited", "share.delivery.count.limit", "3");
        produce(topic, 0, 2);
        try (var consumer = explicitMember(group)) {
            consumer.subscribe(List.of(topic));
            for (int time = 1; time <= 3; time++) {
                for (var record : read(consumer, time == 1 ? 2 : 1)) {
                    Checks.equal((short) time, record.deliveryCount().orElseThrow(), "delivery count");
                    var accepts = record.value().equals("1");
                    consumer.acknowledge(record, accepts ? AcknowledgeType.ACCEPT : AcknowledgeType.RELEASE);
                }
                committedAll(consumer);
            }
            nothing(consumer, 5);
        }
    }

    private static void left() throws Exception {
        String topic = Checks.topic("share", 1), group = group("left");
        produce(topic, 0, 10);
        try (var two = explicitMember(group)) {
            try (var one = explicitMember(group)) {
                one.subscribe(List.of(topic));
                var got = read(one, 10);
                got.subList(0, 4).forEach(one::acknowledge);
                committedAll(one);
            }
            two.subscribe(List.of(topic));
            Checks.equal(numbers(4, 6), values(read(two, 6)), "what the first left open");
        }
    }

    private static void lockRunsOut() throws Exception {
        String topic = Checks.topic("share", 1), group = group("lock", "share.record.lock.duration.ms", "15000");
        produce(topic, 0, 3);
        try (var one = explicitMember(group); var two = explicitMember(group)) {
            one.subscribe(List.of(topic));
            // Before the lock is given, so that this holds however long what follows takes.
            long began = System.nanoTime();
            read(one, 3);
            Checks.equal(15_000, one.acquisitionLockTimeoutMs().orElseThrow(), "lock timeout");
            two.subscribe(List.of(topic));
            var got = read(two, 3);
            Checks.that(System.nanoTime() - began > 14_000_000_000L, "the lock holds for as long as is said");
            for (var record : got) {
                Checks.equal((short) 2, record.deliveryCount().orElseThrow(), "delivery count");
                two.acknowledge(record);
            }
            committedAll(two);
        }
    }

    private static void renewed() throws Exception {
        String topic = Checks.topic("share", 1), group = group("renew", "share.record.lock.duration.ms", "15000");
        produce(topic, 0, 1);
        try (var one = explicitMember(group); var two = explicitMember(group)) {
            one.subscribe(List.of(topic));
            var record = read(one, 1).get(0);
            two.subscribe(List.of(topic));
            long until = System.nanoTime() + 20_000_000_000L;
            while (System.nanoTime() < until) {
                one.acknowledge(record, AcknowledgeType.RENEW);
                committedAll(one);
                // The record is given to whoever renewed it again, for it to be acknowledged.
                var again = Checks.list(one.poll(Duration.ofMillis(1000)));
                if (!again.isEmpty()) record = again.get(0);
                Checks.that(Checks.list(two.poll(Duration.ofMillis(1000))).isEmpty(), "it is the first's");
            }
            one.acknowledge(record);
            committedAll(one);
            nothing(two, 3);
        }
    }

    private static void latest() throws Exception {
        String topic = Checks.topic("share", 1), group = Checks.unique("latest");
        produce(topic, 0, 10);
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            Checks.until("the group is there", () -> {
                consumer.poll(POLL);
                try {
                    return !assignment(group, 1).isEmpty();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            nothing(consumer, 10);
            produce(topic, 10, 3);
            Checks.equal(numbers(10, 3), values(read(consumer, 3)), "what came since");
        }
    }

    /** Commits 0 to 4, aborts 5 to 9, commits 10 to 14. */
    private static void transactions(String topic) throws Exception {
        try (var producer = Checks.producer("transactional.id", Checks.unique("share"))) {
            producer.initTransactions();
            for (int t = 0; t < 3; t++) {
                producer.beginTransaction();
                for (int i = 0; i < 5; i++) producer.send(new ProducerRecord<>(topic, 0, null, "" + (5 * t + i)));
                producer.flush();
                if (t == 1) producer.abortTransaction();
                else producer.commitTransaction();
            }
        }
    }

    private static void committed() throws Exception {
        String topic = Checks.topic("share", 1), group = group("committed", "share.isolation.level", "read_committed");
        transactions(topic);
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            var expected = new ArrayList<>(numbers(0, 5));
            expected.addAll(numbers(10, 5));
            Checks.equal(expected, values(read(consumer, 10)), "committed");
            committedAll(consumer);
            nothing(consumer, 5);
        }
    }

    private static void uncommitted() throws Exception {
        String topic = Checks.topic("share", 1), group = group("uncommitted");
        transactions(topic);
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            Checks.equal(numbers(0, 15), values(read(consumer, 15)), "all");
            committedAll(consumer);
            produce(topic, 15, 1);
            Checks.equal(numbers(15, 1), values(read(consumer, 1)), "more");
        }
    }

    private static void deletedRecords() throws Exception {
        String topic = Checks.topic("share", 1), group = group("gone");
        var partition = new TopicPartition(topic, 0);
        produce(topic, 0, 10);
        try (var admin = Checks.admin(); var consumer = explicitMember(group)) {
            consumer.subscribe(List.of(topic));
            var got = read(consumer, 10);
            got.subList(5, 10).forEach(record -> consumer.acknowledge(record, AcknowledgeType.RELEASE));
            got.subList(0, 5).forEach(consumer::acknowledge);
            DeletedRecords deleted = Checks.get(
                    admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(8))).lowWatermarks().get(partition));
            Checks.equal(8L, deleted.lowWatermark(), "low watermark");
            committedAll(consumer);
            Checks.equal(numbers(8, 2), values(read(consumer, 2)), "what is left");
        }
    }

    private static void administered() throws Exception {
        String topic = Checks.topic("share", 2), group = group("described");
        try (var admin = Checks.admin()) {
            try (var consumer = member(group, "client.id", "sharer")) {
                consumer.subscribe(List.of(topic));
                Checks.until("the group is there", () -> {
                    consumer.poll(POLL);
                    try {
                        return assignment(group, 1).size() == 2;
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                });
                var description = Checks.get(admin.describeShareGroups(List.of(group)).all()).get(group);
                Checks.equal(GroupState.STABLE, description.groupState(), "state");
                Checks.equal("sharer", description.members().iterator().next().clientId(), "client id");
                var listed = Checks.get(admin.listGroups(ListGroupsOptions.forShareGroups()).all()).stream()
                        .filter(one -> one.groupId().equals(group)).toList();
                Checks.equal(1, listed.size(), "listed");
                Checks.equal(GroupType.SHARE, listed.get(0).type().orElseThrow(), "type");
                Checks.equal("share", listed.get(0).protocol(), "protocol");
                Checks.refused(GroupNotEmptyException.class,
                        () -> Checks.get(admin.deleteShareGroups(List.of(group)).deletedGroups().get(group)));
            }
            Checks.equal(GroupState.EMPTY,
                    Checks.get(admin.describeShareGroups(List.of(group)).all()).get(group).groupState(), "state at the end");
            Checks.get(admin.deleteShareGroups(List.of(group)).all());
            Checks.refused(GroupIdNotFoundException.class,
                    () -> Checks.get(admin.describeShareGroups(List.of(group)).describedGroups().get(group)));
        }
    }

    private static SharePartitionOffsetInfo offset(String group, String topic) throws Exception {
        try (var admin = Checks.admin()) {
            var spec = new ListShareGroupOffsetsSpec();
            var all = Checks.get(admin.listShareGroupOffsets(Map.of(group, spec)).partitionsToOffsetInfo(group));
            return all.get(new TopicPartition(topic, 0));
        }
    }

    private static void offsets() throws Exception {
        String topic = Checks.topic("share", 1), group = group("offsets");
        var partition = new TopicPartition(topic, 0);
        produce(topic, 0, 10);
        try (var admin = Checks.admin()) {
            try (var consumer = explicitMember(group)) {
                consumer.subscribe(List.of(topic));
                var got = read(consumer, 10);
                got.subList(0, 7).forEach(consumer::acknowledge);
                consumer.acknowledge(got.get(8));
                committedAll(consumer);
                Checks.refused(GroupNotEmptyException.class,
                        () -> Checks.get(admin.alterShareGroupOffsets(group, Map.of(partition, 3L)).all()));
            }
            Checks.equal(7L, offset(group, topic).startOffset(), "start");
            Checks.equal(2L, offset(group, topic).lag().orElseThrow(), "lag");
            Checks.get(admin.alterShareGroupOffsets(group, Map.of(partition, 3L)).all());
            Checks.equal(3L, offset(group, topic).startOffset(), "start as set");
            try (var consumer = member(group)) {
                consumer.subscribe(List.of(topic));
                var got = read(consumer, 7);
                Checks.equal(numbers(3, 7), values(got), "from there on");
                Checks.equal((short) 1, got.get(0).deliveryCount().orElseThrow(), "delivery count");
                committedAll(consumer);
            }
            Checks.equal(0L, offset(group, topic).lag().orElseThrow(), "lag at the end");
            Checks.get(admin.deleteShareGroupOffsets(group, Set.of(topic)).all());
            Checks.equal(null + "", offset(group, topic) + "", "offset that was deleted");
            try (var consumer = member(group)) {
                consumer.subscribe(List.of(topic));
                Checks.equal(numbers(0, 10), values(read(consumer, 10)), "from the beginning again");
                committedAll(consumer);
            }
            Checks.get(admin.deleteShareGroups(List.of(group)).all());
            Checks.equal(null + "", offset(group, topic) + "", "offset of a group that is gone");
        }
    }

    private static void otherKinds() throws Exception {
        String topic = Checks.topic("share", 1), group = group("kinds");
        try (var consumer = member(group)) {
            consumer.subscribe(List.of(topic));
            Checks.until("the group is there", () -> {
                consumer.poll(POLL);
                try {
                    return !assignment(group, 1).isEmpty();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            try (var classic = Checks.consumer("group.id", group, "group.protocol", "classic")) {
                classic.subscribe(List.of(topic));
                Checks.refused(InconsistentGroupProtocolException.class, () -> Checks.until("it is refused", () -> {
                    classic.poll(POLL);
                    return false;
                }));
            }
            try (var other = Checks.consumer("group.id", group, "group.protocol", "consumer")) {
                other.subscribe(List.of(topic));
                Checks.refused(GroupIdNotFoundException.class, () -> Checks.until("it is refused", () -> {
                    other.poll(POLL);
                    return false;
                }));
            }
        }
    }

    private static void restarted() throws Exception {
        String topic = Checks.topic("share", 1), group = group("restarted");
        produce(topic, 0, 20);
        try (var consumer = explicitMember(group)) {
            consumer.subscribe(List.of(topic));
            for (var record : read(consumer, 20)) {
                int n = Integer.parseInt(record.value());
                if (n < 5 || n == 12) consumer.acknowledge(record);
                else if (n < 10) consumer.acknowledge(record, AcknowledgeType.RELEASE);
                else if (n == 15) consumer.acknowledge(record, AcknowledgeType.REJECT);
            }
            committedAll(consumer);
            RestartPoints.restart();
        }
        var expected = new ArrayList<>(numbers(5, 15));
        expected.removeAll(List.of("12", "15"));
        try (var consumer = explicitMember(group)) {
            consumer.subscribe(List.of(topic));
            var got = read(consumer, expected.size());
            Checks.equal(expected, values(got), "what was not over");
            Checks.equal((short) 2, got.get(0).deliveryCount().orElseThrow(), "delivery count of what was released");
            got.forEach(consumer::acknowledge);
            committedAll(consumer);
            produce(topic, 20, 3);
            Checks.equal(numbers(20, 3), values(read(consumer, 3)), "more");
        }
    }
}
