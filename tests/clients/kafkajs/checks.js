// KafkaJS against a broker: prints `ok NAME` or `not ok NAME: reason` per point, exits 1 if any failed.
import { execSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import SnappyCodec from 'kafkajs-snappy';

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;
CompressionCodecs[CompressionTypes.Snappy] = SnappyCodec;

const WAIT_MS = 90_000;
const kafka = new Kafka({
  clientId: 'checks',
  brokers: [process.env.BOOTSTRAP],
  logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 100, retries: 20, maxRetryTime: 1000 },
});
const admin = kafka.admin();
let failed = false;

async function point(name, body) {
  const began = Date.now();
  try {
    await body();
    console.log(`ok ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed = true;
    console.log(`not ok ${name}: ${String(error).replaceAll('\n', ' ')}`);
    console.error(error);
  }
}

function equal(expected, actual, what) {
  const [a, b] = [JSON.stringify(expected), JSON.stringify(actual)];
  if (a !== b) throw new Error(`${what}: expected ${a.slice(0, 200)}, got ${b.slice(0, 200)}`);
}

async function until(what, holds) {
  const end = Date.now() + WAIT_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${WAIT_MS} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const unique = (name) => `${name}-${randomUUID().slice(0, 8)}`;

async function topic(name, numPartitions = 1) {
  const made = unique(name);
  await admin.createTopics({ topics: [{ topic: made, numPartitions }], waitForLeaders: true });
  return made;
}

async function produce(name, values, { compression, idempotent = false, partition = 0 } = {}) {
  const producer = kafka.producer({ idempotent, maxInFlightRequests: idempotent ? 1 : undefined });
  await producer.connect();
  await producer.send({ topic: name, compression, messages: values.map((value) => ({ value, partition })) });
  await producer.disconnect();
}

/** A member of a group: the records it has seen and the partitions it has now. */
async function member(group, name, options = {}) {
  const consumer = kafka.consumer({
    groupId: group, sessionTimeout: 30_000, heartbeatInterval: 300, rebalanceTimeout: 30_000, maxWaitTimeInMs: 200,
  });
  const seen = [];
  const state = { consumer, seen, partitions: [] };
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    state.partitions = payload.memberAssignment[name] ?? [];
  });
  await consumer.connect();
  await consumer.subscribe({ topic: name, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      if (seen.length < (options.limit ?? Infinity)) seen.push([partition, message.value.toString()]);
    },
  });
  return state;
}

async function roundTrip(compression) {
  const name = await topic('kafkajs-records');
  const values = Array.from({ length: 1000 }, (_, i) => `${i} some text that compresses`);
  await produce(name, values, { compression, idempotent: true });
  const reader = await member(unique('kafkajs'), name);
  await until('all records', () => reader.seen.length >= values.length);
  equal(values, reader.seen.map(([, value]) => value), 'values');
  await reader.consumer.disconnect();
}

async function groupOfTwo() {
  const name = await topic('kafkajs-group', 4);
  const group = unique('kafkajs-group');
  const a = await member(group, name);
  await until('one member has all four', () => a.partitions.length === 4);
  const b = await member(group, name);
  await until('two members share', () => a.partitions.length === 2 && b.partitions.length === 2);
  const described = await admin.describeGroups([group]);
  equal(2, described.groups[0].members.length, 'members described');
  await b.consumer.disconnect();
  await until('the one left has all again', () => a.partitions.length === 4);
  await a.consumer.disconnect();
}

async function resumed() {
  const name = await topic('kafkajs-resume');
  const group = unique('kafkajs-resume');
  const values = Array.from({ length: 100 }, (_, i) => `${i}`);
  await produce(name, values);
  const a = await member(group, name, { limit: 40 });
  await until('forty records', () => a.seen.length === 40);
  await a.consumer.commitOffsets([{ topic: name, partition: 0, offset: '40', metadata: 'note' }]);
  await a.consumer.disconnect();
  const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [name] });
  equal([{ partition: 0, offset: '40', metadata: 'note' }], offsets.partitions, 'offsets');
  const b = await member(group, name);
  await until('the other sixty', () => b.seen.length >= 60);
  equal(values, [...a.seen, ...b.seen].map(([, value]) => value), 'values');
  await b.consumer.disconnect();
}

async function survivesRestart() {
  const name = await topic('kafkajs-restart');
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (let i = 0; i < 200; i++) {
    if (i === 100) execSync(process.env.RESTART, { stdio: ['ignore', 'ignore', 'inherit'] });
    await producer.send({ topic: name, messages: [{ value: `${i}` }] });
  }
  await producer.disconnect();
  const reader = await member(unique('kafkajs'), name);
  await until('all records', () => reader.seen.length >= 200);
  equal(Array.from({ length: 200 }, (_, i) => `${i}`), reader.seen.map(([, value]) => value), 'values');
  await reader.consumer.disconnect();
}

await admin.connect();
await point('records round trip, none', () => roundTrip(CompressionTypes.None));
await point('records round trip, gzip', () => roundTrip(CompressionTypes.GZIP));
await point('records round trip, snappy', () => roundTrip(CompressionTypes.Snappy));
await point('group of two', groupOfTwo);
await point('offsets committed and resumed', resumed);
if (process.env.RESTART) await point('broker killed and restarted: nothing lost, doubled or disordered', survivesRestart);
await admin.disconnect();
process.exit(failed ? 1 : 0);
