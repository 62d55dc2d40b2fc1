import { isObject } from './request-source';

/** Where transports of Nest keep the headers of a message. */
interface MessageContext {
  /** NATS. */
  getHeaders?(): unknown;
  /** gRPC: the context is the call's metadata. */
  getMap?(): unknown;
  /** Kafka: `headers`; RabbitMQ: `properties.headers`. */
  getMessage?(): unknown;
  /** MQTT 5. */
  getPacket?(): unknown;
}

const member = (value: unknown, name: string): unknown =>
  isObject(value) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;

function found(context: MessageContext): unknown {
  if (typeof context.getHeaders === 'function') return context.getHeaders();
  if (typeof context.getMap === 'function') return context.getMap();
  if (typeof context.getPacket === 'function') {
    return member(member(context.getPacket(), 'properties'), 'userProperties');
  }
  const message = typeof context.getMessage === 'function' ? context.getMessage() : undefined;
  return member(message, 'headers') ?? member(member(message, 'properties'), 'headers');
}

/** NATS has a collection of its own, whose values are lists; the others are plain objects. */
function entriesOf(headers: object): Iterable<[string, unknown]> {
  return Symbol.iterator in headers ? (headers as Iterable<[string, unknown]>) : Object.entries(headers);
}

/** Kafka's values are bytes. */
const asText = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? value.toString('utf8') : Array.isArray(value) ? value.map(asText) : value;

/** The headers of a message by their names in lower case, where its transport has headers. */
export function messageHeaders(context: object): Readonly<Record<string, unknown>> | undefined {
  const headers = found(context);
  if (!isObject(headers)) return undefined;
  const named: [string, unknown][] = [];
  for (const [name, value] of entriesOf(headers)) named.push([name.toLowerCase(), asText(value)]);
  return Object.fromEntries(named);
}
