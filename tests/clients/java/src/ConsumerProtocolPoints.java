import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.errors.UnreleasedInstanceIdException;

/** Consumer groups of the new protocol (KIP-848), beyond what GroupPoints has for both. */
final class ConsumerProtocolPoints {
    static void add(Checks c) {
        c.point("new protocol: static member returns", ConsumerProtocolPoints::staticMember);
        c.point("new protocol: instance in use is refused", ConsumerProtocolPoints::unreleased);
        c.point("new protocol: topics by pattern", ConsumerProtocolPoints::pattern);
        c.point("new protocol: new partitions are found", ConsumerProtocolPoints::morePartitions);
        c.point("new protocol: described, altered, deleted", ConsumerProtocolPoints::administered);
        c.point("new protocol: live group changes to it and back", ConsumerProtocolPoints::migrated);
    }

    /** A member that knows what it has, and commits what it has read when it is taken away. */
    private static final class Member implements ConsumerRebalanceListener, AutoCloseable {
        final KafkaConsumer<String, String> consumer;
        final Set<TopicPartition> has = new HashSet<>();
        int read, taken;

        Member(String group, String protocol, Object... more) {
            var settings = new java.util.ArrayList<Object>(List.of("group.id", group, "group.protocol", protocol));
            settings.addAll(List.of(more));
            consumer = Checks.consumer(settings.toArray());
        }

        Member subscribe(String topic) {
            consumer.subscribe(List.of(topic), this);
            return this;
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
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
            has.removeAll(partitions);
        }

        void poll() {
            read += consumer.poll(Duration.ofMillis(50)).count();
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    private static void share(Member one, Member two, int each) {
        Checks.until("each member has " + each, () -> {
            one.poll();
            two.poll();
            return one.has.size() == each && two.has.size() == each;
        });
    }

    private static void staticMember() throws Exception {
        String topic = Checks.topic("static-new", 4), group = Checks.unique("static-new");
        try (var one = new Member(group, "consumer", "group.instance.id", "first").subscribe(topic)) {
            var two = new Member(group, "consumer", "group.instance.id", "second").subscribe(topic);
            share(one, two, 2);
            var had = Set.copyOf(two.has);
            int before = one.taken;
            two.close();
            for (int i = 0; i < 20; i++) one.poll();
            Checks.equal(2, one.has.size(), "partitions of the first while the second is away");
            try (var back = new Member(group, "consumer", "group.instance.id", "second").subscribe(topic)) {
                Checks.until("the second has its own again", () -> {
                    one.poll();
                    back.poll();
                    return back.has.equals(had);
                });
            }
            Checks.equal(before, one.taken, "partitions taken from the first");
        }
    }

    private static void unreleased() throws Exception {
        String topic = Checks.topic("unreleased", 1), group = Checks.unique("unreleased");
        try (var one = new Member(group, "consumer", "group.instance.id", "same").subscribe(topic);
                var two = new Member(group, "consumer", "group.instance.id", "same").subscribe(topic)) {
            Checks.until("the first has the partition", () -> {
                one.poll();
                return one.has.size() == 1;
            });
            Checks.refused(UnreleasedInstanceIdException.class, () -> Checks.until("the second is refused", () -> {
                two.poll();
                return false;
            }));
        }
    }

    private static void pattern() throws Exception {
        String prefix = Checks.unique("pattern");
        Checks.get(newTopic(prefix + "-a", 2));
        Checks.get(newTopic(prefix + "-b", 1));
        try (var member = new Member(Checks.unique("pattern"), "consumer")) {
            member.consumer.subscribe(new SubscriptionPattern(prefix + "-(a|c)"), member);
            Checks.until("two partitions", () -> {
                member.poll();
                return member.has.size() == 2;
            });
            Checks.get(newTopic(prefix + "-c", 1));
            Checks.until("the new topic's, too", () -> {
                member.poll();
                return member.has.contains(new TopicPartition(prefix + "-c", 0));
            });
            Checks.equal(3, member.has.size(), "partitions");
        }
        try (var member = new Member(Checks.unique("pattern"), "consumer")) {
            member.consumer.subscribe(new SubscriptionPattern("("), member);
            Checks.refused(InvalidRegularExpression.class, () -> Checks.until("the pattern is refused", () -> {
                member.poll();
                return false;
            }));
        }
    }

    private static org.apache.kafka.common.KafkaFuture<Void> newTopic(String name, int partitions) {
        try (var admin = Checks.admin()) {
            var topic = new org.apache.kafka.clients.admin.NewTopic(name, partitions, (short) 1);
            var made = admin.createTopics(List.of(topic)).all();
            Checks.get(made);
            return made;
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private static void morePartitions() throws Exception {
        String topic = Checks.topic("more", 1), group = Checks.unique("more");
        try (var member = new Member(group, "consumer").subscribe(topic); var admin = Checks.admin()) {
            Checks.until("one partition", () -> {
                member.poll();
                return member.has.size() == 1;
            });
            Checks.get(admin.createPartitions(Map.of(topic, org.apache.kafka.clients.admin.NewPartitions.increaseTo(3)))
                    .all());
            Checks.until("three partitions", () -> {
                member.poll();
                return member.has.size() == 3;
            });
            Checks.equal(0, member.taken, "partitions taken");
        }
    }

    private static void administered() throws Exception {
        String topic = Checks.topic("administered-new", 2), group = Checks.unique("administered-new");
        var partition = new TopicPartition(topic, 0);
        try (var admin = Checks.admin()) {
            var resource = new ConfigResource(ConfigResource.Type.GROUP, group);
            var interval = new ConfigEntry("consumer.heartbeat.interval.ms", "6000");
            Checks.get(admin.incrementalAlterConfigs(
                    Map.of(resource, List.of(new AlterConfigOp(interval, AlterConfigOp.OpType.SET)))).all());
            try (var member = new Member(group, "consumer", "client.id", "someone").subscribe(topic)) {
                Checks.until("both partitions", () -> {
                    member.poll();
                    return member.has.size() == 2;
                });
                Checks.that(Checks.get(admin.listGroups().all()).stream().anyMatch(g -> g.groupId().equals(group)
                        && g.type().equals(java.util.Optional.of(GroupType.CONSUMER))
                        && g.groupState().equals(java.util.Optional.of(GroupState.STABLE))), "listed, stable");
                var described = Checks.get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
                Checks.equal(GroupType.CONSUMER, described.type(), "type");
                Checks.equal("uniform", described.partitionAssignor(), "assignor");
                Checks.equal(1, described.members().size(), "members");
                var seen = described.members().iterator().next();
                Checks.equal("someone", seen.clientId(), "client id");
                Checks.that(seen.host().contains("127.0.0.1"), "host: " + seen.host());
                Checks.equal(2, seen.assignment().topicPartitions().size(), "its partitions");
                Checks.equal(2, seen.targetAssignment().orElseThrow().topicPartitions().size(), "its target");
                member.consumer.commitSync(Map.of(partition, new OffsetAndMetadata(0)));
                Checks.refused(GroupNotEmptyException.class,
                        () -> Checks.get(admin.deleteConsumerGroups(List.of(group)).all()));
            }
            Checks.equal(0L, Checks.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                    .get(partition).offset(), "committed offset");
            Checks.get(admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3))).all());
            Checks.get(admin.deleteConsumerGroups(List.of(group)).all());
            Checks.that(Checks.get(admin.listGroups().all()).stream().noneMatch(g -> g.groupId().equals(group)),
                    "it is gone");
        }
    }

    private static void migrated() throws Exception {
        String topic = Checks.topic("migrated", 4), group = Checks.unique("migrated");
        try (var producer = Checks.producer()) {
            for (int i = 0; i < 40; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, "" + i));
        }
        try (var admin = Checks.admin(); var old = new Member(group, "classic").subscribe(topic)) {
            Checks.until("the classic member reads all", () -> {
                old.poll();
                return old.has.size() == 4 && old.read == 40;
            });
            old.consumer.commitSync();
            try (var young = new Member(group, "consumer").subscribe(topic)) {
                share(old, young, 2);
                Checks.equal(GroupType.CONSUMER, type(admin, group), "type with a member of the new protocol");
                try (var producer = Checks.producer()) {
                    for (int i = 0; i < 40; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, "" + i));
                }
                Checks.until("both read the rest", () -> {
                    old.poll();
                    young.poll();
                    return old.read + young.read == 80;
                });
                Checks.equal(20, young.read, "records of the young member");
                old.consumer.commitSync();
                young.consumer.commitSync();
            }
            Checks.until("the classic member has all again", () -> {
                old.poll();
                return old.has.size() == 4;
            });
            Checks.equal(GroupType.CLASSIC, type(admin, group), "type without");
            for (int i = 0; i < 20; i++) old.poll();
            Checks.equal(60, old.read, "records of the classic member: none twice");
        }
    }

    private static GroupType type(org.apache.kafka.clients.admin.Admin admin, String group) throws Exception {
        return Checks.get(admin.describeConsumerGroups(List.of(group)).all()).get(group).type();
    }
}
