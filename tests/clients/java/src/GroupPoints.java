import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.GroupNotEmptyException;

/** Consumer groups: who reads what, who has read how far, and how an operator sees it. */
final class GroupPoints {
    static void add(Checks c) {
        c.point("two members in the first generation", GroupPoints::initialDelay);
        c.point("group of two, range", () -> twoMembers(RangeAssignor.class.getName(), "classic"));
        c.point("group of two, cooperative-sticky", () -> twoMembers(CooperativeStickyAssignor.class.getName(), "classic"));
        c.point("group of two, the new protocol", () -> twoMembers(null, "consumer"));
        c.point("member that falls silent is replaced", GroupPoints::silentMember);
        c.point("static member returns without a rebalance", GroupPoints::staticMember);
        c.point("static member fenced by its double", GroupPoints::fencedMember);
        c.point("offsets committed and resumed", GroupPoints::commitAndResume);
        c.point("groups listed, described, altered, deleted", GroupPoints::administered);
    }

    /** A member with what it was given and what was taken from it. */
    private static final class Member implements ConsumerRebalanceListener, AutoCloseable {
        final KafkaConsumer<String, String> consumer;
        final Set<TopicPartition> has = new HashSet<>();
        final List<String> read = new ArrayList<>();
        int taken, givings;

        Member(String topic, Object... settings) {
            consumer = Checks.consumer(settings);
            consumer.subscribe(List.of(topic), this);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            givings++;
            has.addAll(partitions);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            taken += partitions.size();
            has.removeAll(partitions);
            consumer.commitSync();
        }

        @Override
        public void onPartitionsLost(Collection<TopicPartition> partitions) {
            // Another member has them already: a commit would be refused.
            has.removeAll(partitions);
        }

        void poll() {
            for (var r : consumer.poll(Duration.ofMillis(50))) read.add(r.partition() + ":" + r.value());
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    private static void fill(String topic, int partitions, int from, int to) {
        try (var producer = Checks.producer()) {
            for (int i = from; i < to; i++) {
                for (int p = 0; p < partitions; p++) producer.send(new ProducerRecord<>(topic, p, null, "" + i));
            }
        }
    }

    private static void twoMembers(String assignor, String protocol) throws Exception {
        String topic = Checks.topic("two-members", 4), group = Checks.unique("two-members");
        Object[] settings = assignor == null
                ? new Object[] {"group.id", group, "group.protocol", protocol}
                : new Object[] {"group.id", group, "group.protocol", protocol, "partition.assignment.strategy", assignor};
        fill(topic, 4, 0, 50);
        try (var one = new Member(topic, settings)) {
            Checks.until("the first member reads all", () -> {
                one.poll();
                return one.has.size() == 4 && one.read.size() == 200;
            });
            one.consumer.commitSync();
            var two = new Member(topic, settings);
            Checks.until("each member has two partitions", () -> {
                one.poll();
                two.poll();
                return one.has.size() == 2 && two.has.size() == 2;
            });
            // Eager takes all four away and gives two back; the others take only what moves.
            Checks.equal(assignor != null && assignor.contains("Range") ? 4 : 2, one.taken, "partitions taken from the first");
            fill(topic, 4, 50, 100);
            Checks.until("both read the rest", () -> {
                one.poll();
                two.poll();
                return one.read.size() + two.read.size() == 400;
            });
            two.consumer.commitSync();
            Checks.equal(100, two.read.size(), "records of the second member");
            two.close();
            Checks.until("the first has all again", () -> {
                one.poll();
                return one.has.size() == 4;
            });
            fill(topic, 4, 100, 110);
            Checks.until("the first reads the end", () -> {
                one.poll();
                return one.read.size() == 340;
            });
            var all = new HashSet<>(one.read);
            all.addAll(two.read);
            Checks.equal(440, all.size(), "different records read, none twice");
        }
    }

    private static void silentMember() throws Exception {
        String topic = Checks.topic("silent", 2), group = Checks.unique("silent");
        Object[] settings = {"group.id", group, "group.protocol", "classic", "session.timeout.ms", 6000,
            "max.poll.interval.ms", 6000};
        try (var one = new Member(topic, settings); var two = new Member(topic, settings)) {
            Checks.until("each has one", () -> {
                one.poll();
                two.poll();
                return one.has.size() == 1 && two.has.size() == 1;
            });
            // The second is not polled any more: its client leaves after max.poll.interval.ms.
            Checks.until("the first has both", () -> {
                one.poll();
                return one.has.size() == 2;
            });
            Checks.until("the second comes back", () -> {
                one.poll();
                try {
                    two.poll();
                } catch (org.apache.kafka.clients.consumer.CommitFailedException lost) {
                    return false;
                }
                return one.has.size() == 1;
            });
        }
    }

    private static void staticMember() throws Exception {
        String topic = Checks.topic("static", 4), group = Checks.unique("static");
        Object[] settings = {"group.id", group, "group.protocol", "classic", "session.timeout.ms", 20_000};
        Object[] first = with(settings, "group.instance.id", "first"), second = with(settings, "group.instance.id", "second");
        try (var one = new Member(topic, first)) {
            var two = new Member(topic, second);
            Checks.until("each has two", () -> {
                one.poll();
                two.poll();
                return one.has.size() == 2 && two.has.size() == 2;
            });
            var had = Set.copyOf(two.has);
            int before = one.givings;
            two.close();
            for (int i = 0; i < 20; i++) one.poll();
            var back = new Member(topic, second);
            Checks.until("the second has two again", () -> {
                one.poll();
                back.poll();
                return back.has.size() == 2;
            });
            Checks.equal(had, back.has, "the same partitions as before");
            Checks.equal(before, one.givings, "assignments of the first: nothing happened to it");
            back.close();
        }
    }

    private static void fencedMember() throws Exception {
        String topic = Checks.topic("fenced", 1), group = Checks.unique("fenced");
        Object[] settings = {"group.id", group, "group.protocol", "classic", "group.instance.id", "same"};
        var old = new Member(topic, settings);
        try (var young = new Member(topic, settings)) {
            Checks.until("the older has the partition", () -> {
                old.poll();
                return old.has.size() == 1;
            });
            Checks.until("the younger has it", () -> {
                young.poll();
                return young.has.size() == 1;
            });
            Checks.refused(FencedInstanceIdException.class, () -> Checks.until("the older is told", () -> {
                old.poll();
                return false;
            }));
        } finally {
            try {
                old.close();
            } catch (Exception fenced) {
                // A fenced client may say so once more when it closes.
            }
        }
    }

    private static Object[] with(Object[] settings, Object... more) {
        var all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray();
    }

    private static void commitAndResume() throws Exception {
        String topic = Checks.topic("resume", 1), group = Checks.unique("resume");
        var partition = new TopicPartition(topic, 0);
        fill(topic, 1, 0, 100);
        try (var consumer = Checks.consumer("group.id", group, "max.poll.records", 10)) {
            consumer.subscribe(List.of(topic));
            Checks.equal("0", firstOf(consumer), "first record");
            Checks.equal(Map.of(), nonNull(consumer.committed(Set.of(partition))), "nothing committed yet");
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(30, "thirty, and ünïcode")));
        }
        try (var consumer = Checks.consumer("group.id", group, "max.poll.records", 10)) {
            consumer.subscribe(List.of(topic));
            Checks.equal("30", firstOf(consumer), "first record after the committed offset");
            var committed = consumer.committed(Set.of(partition)).get(partition);
            Checks.equal(30L, committed.offset(), "committed offset");
            Checks.equal("thirty, and ünïcode", committed.metadata(), "committed metadata");
            consumer.commitSync();
            Checks.equal(40L, consumer.committed(Set.of(partition)).get(partition).offset(), "committed position");
        }
        // A consumer that only assigns and never joins commits and reads offsets too.
        try (var consumer = Checks.consumer("group.id", group)) {
            consumer.assign(List.of(partition));
            Checks.that(consumer.position(partition) >= 40, "position from the commit");
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(77)));
            Checks.equal(77L, consumer.committed(Set.of(partition)).get(partition).offset(), "committed without joining");
        }
    }

    private static String firstOf(KafkaConsumer<String, String> consumer) {
        var first = new ArrayList<String>();
        Checks.until("a record", () -> {
            consumer.poll(Duration.ofMillis(100)).forEach(r -> first.add(r.value()));
            return !first.isEmpty();
        });
        return first.get(0);
    }

    private static Map<TopicPartition, OffsetAndMetadata> nonNull(Map<TopicPartition, OffsetAndMetadata> committed) {
        var present = new HashMap<>(committed);
        present.values().removeIf(v -> v == null);
        return present;
    }

    private static void administered() throws Exception {
        String topic = Checks.topic("administered", 2), group = Checks.unique("administered");
        var partition = new TopicPartition(topic, 1);
        fill(topic, 2, 0, 10);
        try (var admin = Checks.admin()) {
            try (var member = new Member(topic, "group.id", group, "group.protocol", "classic", "client.id", "someone")) {
                Checks.until("all records", () -> {
                    member.poll();
                    return member.read.size() == 20;
                });
                member.consumer.commitSync();
                Checks.that(Checks.get(admin.listGroups().all()).stream().anyMatch(g -> g.groupId().equals(group)
                        && g.groupState().equals(java.util.Optional.of(GroupState.STABLE))
                        && g.protocol().equals("consumer")), "it is listed as stable");
                var described = Checks.get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
                Checks.equal(GroupState.STABLE, described.groupState(), "state");
                Checks.equal("range", described.partitionAssignor(), "assignor");
                Checks.that(described.coordinator().port() > 0, "a coordinator");
                Checks.equal(1, described.members().size(), "members");
                var seen = described.members().iterator().next();
                Checks.equal("someone", seen.clientId(), "client id");
                Checks.that(seen.host().contains("127.0.0.1"), "host: " + seen.host());
                Checks.equal(2, seen.assignment().topicPartitions().size(), "its partitions");
                Checks.refused(GroupNotEmptyException.class,
                        () -> Checks.get(admin.deleteConsumerGroups(List.of(group)).all()));
            }
            Checks.equal(10L, Checks.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                    .get(partition).offset(), "committed offset");
            Checks.get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3))).all());
            Checks.equal(3L, Checks.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                    .get(partition).offset(), "altered offset");
            Checks.get(admin.deleteConsumerGroupOffsets(group, Set.of(partition)).all());
            Checks.that(!Checks.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                    .containsKey(partition), "offset deleted");
            Checks.equal(GroupState.EMPTY, Checks.get(admin.describeConsumerGroups(List.of(group)).all()).get(group)
                    .groupState(), "state without members");
            Checks.get(admin.deleteConsumerGroups(List.of(group)).all());
            Checks.that(Checks.get(admin.listGroups().all()).stream().noneMatch(g -> g.groupId().equals(group)),
                    "it is gone");
        }
    }

    private static void initialDelay() throws Exception {
        String topic = Checks.topic("delay", 2), group = Checks.unique("delay");
        try (var one = new Member(topic, "group.id", group, "group.protocol", "classic");
                var two = new Member(topic, "group.id", group, "group.protocol", "classic")) {
            Checks.until("each has one", () -> {
                one.poll();
                two.poll();
                return one.has.size() == 1 && two.has.size() == 1;
            });
            // Held back for group.initial.rebalance.delay.ms, the first rebalance has both.
            Checks.equal(0, one.taken + two.taken, "partitions taken from anyone");
        }
    }
}
