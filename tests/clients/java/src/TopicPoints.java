import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** The cluster and its topics, seen through the admin client. */
final class TopicPoints {
    static void add(Checks c) {
        c.point("cluster described", TopicPoints::cluster);
        c.point("topic created, listed, described, deleted", TopicPoints::lifeOfATopic);
        c.point("topic with the broker's defaults", TopicPoints::defaults);
        c.point("topic creation refused", TopicPoints::refusals);
        c.point("partitions added", TopicPoints::morePartitions);
        c.point("topic configs described and altered", TopicPoints::configs);
        c.point("broker configs described", TopicPoints::brokerConfigs);
    }

    private static void cluster() throws Exception {
        try (var admin = Checks.admin()) {
            var cluster = admin.describeCluster();
            var nodes = Checks.get(cluster.nodes());
            Checks.equal(1, nodes.size(), "nodes");
            var node = nodes.iterator().next();
            Checks.equal(Checks.BOOTSTRAP, node.host() + ":" + node.port(), "the node's address");
            Checks.that(!Checks.get(cluster.clusterId()).isEmpty(), "a cluster id");
            Checks.that(Checks.get(cluster.controller()).id() == node.id(), "the one node is the controller");
        }
    }

    private static void lifeOfATopic() throws Exception {
        String name = Checks.unique("life.of_a-topic");
        try (var admin = Checks.admin()) {
            var created = admin.createTopics(
                    List.of(new NewTopic(name, 3, (short) 1).configs(Map.of("retention.ms", "3600000"))));
            Checks.get(created.all());
            Checks.equal(3, Checks.get(created.numPartitions(name)), "partitions in the answer");
            Checks.equal(1, Checks.get(created.replicationFactor(name)), "replication factor in the answer");
            Checks.equal("3600000", Checks.get(created.config(name)).get("retention.ms").value(), "config in the answer");
            var id = Checks.get(created.topicId(name));

            Checks.that(Checks.get(admin.listTopics().names()).contains(name), "it is listed");
            var topic = Checks.get(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
            Checks.equal(id, topic.topicId(), "topic id");
            Checks.equal(false, topic.isInternal(), "internal");
            Checks.equal(3, topic.partitions().size(), "partitions");
            for (int p = 0; p < 3; p++) {
                var partition = topic.partitions().get(p);
                Checks.equal(p, partition.partition(), "partition number");
                Checks.that(partition.leader() != null, "a leader");
                Checks.equal(List.of(partition.leader()), partition.replicas(), "replicas");
                Checks.equal(List.of(partition.leader()), partition.isr(), "in-sync replicas");
            }
            Checks.refused(TopicExistsException.class, () -> Checks.get(
                    admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all()));

            Checks.get(admin.deleteTopics(List.of(name)).all());
            Checks.until("it is gone from the list", () -> {
                try {
                    return !Checks.get(admin.listTopics().names()).contains(name);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            Checks.refused(UnknownTopicOrPartitionException.class,
                    () -> Checks.get(admin.describeTopics(List.of(name)).allTopicNames()));
            Checks.refused(UnknownTopicOrPartitionException.class,
                    () -> Checks.get(admin.deleteTopics(List.of(name)).all()));

            // The name is free again, and it is another topic.
            var again = admin.createTopics(List.of(new NewTopic(name, 1, (short) 1)));
            Checks.that(!id.equals(Checks.get(again.topicId(name))), "a new topic id");
        }
    }

    private static void defaults() throws Exception {
        String name = Checks.unique("defaults");
        try (var admin = Checks.admin()) {
            var created = admin.createTopics(List.of(new NewTopic(name, Optional.empty(), Optional.empty())));
            Checks.get(created.all());
            Checks.equal(1, Checks.get(created.numPartitions(name)), "partitions");
            Checks.equal(1, Checks.get(created.replicationFactor(name)), "replication factor");
        }
    }

    private static void refusals() throws Exception {
        try (var admin = Checks.admin()) {
            record Case(NewTopic topic, Class<? extends Throwable> error) {}
            var free = Checks.unique("refused");
            var cases = List.of(
                    new Case(new NewTopic("no spaces", 1, (short) 1), InvalidTopicException.class),
                    new Case(new NewTopic("..", 1, (short) 1), InvalidTopicException.class),
                    new Case(new NewTopic("x".repeat(250), 1, (short) 1), InvalidTopicException.class),
                    new Case(new NewTopic(free, 0, (short) 1), InvalidPartitionsException.class),
                    new Case(new NewTopic(free, 1, (short) 9), InvalidReplicationFactorException.class),
                    new Case(new NewTopic(free, 1, (short) 1).configs(Map.of("no.such.key", "1")),
                            InvalidConfigurationException.class),
                    new Case(new NewTopic(free, 1, (short) 1).configs(Map.of("retention.ms", "soon")),
                            InvalidConfigurationException.class));
            for (var it : cases) {
                Checks.refused(it.error, () -> Checks.get(admin.createTopics(List.of(it.topic)).all()));
            }
            Checks.get(admin.createTopics(List.of(new NewTopic(free, 1, (short) 1)),
                    new CreateTopicsOptions().validateOnly(true)).all());
            Checks.that(!Checks.get(admin.listTopics().names()).contains(free), "validation alone creates nothing");
        }
    }

    private static void morePartitions() throws Exception {
        String name = Checks.topic("more-partitions", 2);
        try (var admin = Checks.admin()) {
            Checks.get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all());
            Checks.equal(5, Checks.get(admin.describeTopics(List.of(name)).allTopicNames()).get(name)
                    .partitions().size(), "partitions");
            Checks.refused(InvalidPartitionsException.class,
                    () -> Checks.get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(4))).all()));
            Checks.refused(UnknownTopicOrPartitionException.class, () -> Checks.get(
                    admin.createPartitions(Map.of(Checks.unique("missing"), NewPartitions.increaseTo(4))).all()));
        }
    }

    private static void configs() throws Exception {
        String name = Checks.topic("configs", 1, Map.of("cleanup.policy", "compact", "max.message.bytes", "2000000"));
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        try (var admin = Checks.admin()) {
            var config = Checks.get(admin.describeConfigs(Set.of(resource)).all()).get(resource);
            Checks.equal("compact", config.get("cleanup.policy").value(), "cleanup.policy");
            Checks.equal(ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("cleanup.policy").source(), "its source");
            Checks.equal(ConfigSource.DEFAULT_CONFIG, config.get("retention.ms").source(), "source of a default");
            Checks.equal("604800000", config.get("retention.ms").value(), "retention.ms");
            Checks.equal(ConfigEntry.ConfigType.LIST, config.get("cleanup.policy").type(), "its type");

            Checks.get(admin.incrementalAlterConfigs(Map.of(resource, List.of(
                    new AlterConfigOp(new ConfigEntry("cleanup.policy", "delete"), AlterConfigOp.OpType.APPEND),
                    new AlterConfigOp(new ConfigEntry("max.message.bytes", ""), AlterConfigOp.OpType.DELETE),
                    new AlterConfigOp(new ConfigEntry("retention.ms", "1000"), AlterConfigOp.OpType.SET)))).all());
            var altered = Checks.get(admin.describeConfigs(Set.of(resource)).all()).get(resource);
            Checks.equal("compact,delete", altered.get("cleanup.policy").value(), "cleanup.policy appended");
            Checks.equal(ConfigSource.DEFAULT_CONFIG, altered.get("max.message.bytes").source(), "source after delete");
            Checks.equal("1000", altered.get("retention.ms").value(), "retention.ms set");

            Checks.refused(InvalidConfigurationException.class, () -> Checks.get(admin.incrementalAlterConfigs(
                    Map.of(resource, List.of(new AlterConfigOp(
                            new ConfigEntry("retention.ms", "x"), AlterConfigOp.OpType.SET)))).all()));
        }
    }

    private static void brokerConfigs() throws Exception {
        try (var admin = Checks.admin()) {
            var node = Checks.get(admin.describeCluster().nodes()).iterator().next();
            var resource = new ConfigResource(ConfigResource.Type.BROKER, node.idString());
            var config = Checks.get(admin.describeConfigs(Set.of(resource)).all()).get(resource);
            for (String key : List.of("num.partitions", "default.replication.factor", "message.max.bytes")) {
                Checks.that(config.get(key) != null && config.get(key).value() != null, key + " is described");
            }
        }
    }
}
