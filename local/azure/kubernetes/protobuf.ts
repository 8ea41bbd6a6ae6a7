import { asList, asObject, type JsonObject } from '../json';
import { ApiError, badRequest } from './status';

/** How a field's bytes are read. A message with a table of its own is an object in JSON. */
type Form = 'text' | 'number' | 'flag' | 'time' | 'texts' | 'textMap' | 'bytesMap' | Message;
interface Message {
  [field: number]: [name: string, form: Form];
}

// Numbers of fields: k8s.io/apimachinery/pkg/apis/meta/v1/generated.proto and k8s.io/api/core/v1/generated.proto.
const metadata: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  4: ['selfLink', 'text'],
  5: ['uid', 'text'],
  6: ['resourceVersion', 'text'],
  7: ['generation', 'number'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', 'textMap'],
  12: ['annotations', 'textMap'],
  14: ['finalizers', 'texts'],
};
const kinds: Record<string, Message> = {
  Namespace: {
    1: ['metadata', metadata],
    2: ['spec', { 1: ['finalizers', 'texts'] }],
    3: ['status', { 1: ['phase', 'text'] }],
  },
  ConfigMap: {
    1: ['metadata', metadata],
    2: ['data', 'textMap'],
    3: ['binaryData', 'bytesMap'],
    4: ['immutable', 'flag'],
  },
  Secret: {
    1: ['metadata', metadata],
    2: ['data', 'bytesMap'],
    3: ['type', 'text'],
    4: ['stringData', 'textMap'],
    5: ['immutable', 'flag'],
  },
};
const start = Buffer.from('k8s\0');

/**
 * An object in the binary form of Kubernetes, which `kubectl create namespace|configmap|secret` sends; other kinds are
 * refused by name. Every field is known or refused.
 * @throws ApiError 415 for another kind, 400 for bytes that are none of this.
 */
export function readProtobuf(body: Buffer): JsonObject {
  if (!body.subarray(0, 4).equals(start)) throw badRequest('the body does not begin as an object in protobuf does');
  let type: JsonObject = {};
  let raw: Buffer = Buffer.alloc(0);
  for (const { field, bytes } of fields(body.subarray(4))) {
    if (field === 1) type = message(bytes, { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] });
    if (field === 2) raw = bytes;
  }
  const kind = String(type['kind']);
  const table = kinds[kind];
  if (table === undefined) {
    const text = `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml (and protobuf for ${Object.keys(kinds).join(', ')}, not for ${kind})`;
    throw new ApiError(415, 'UnsupportedMediaType', text);
  }
  return { ...type, ...message(raw, table) };
}

/** What is empty is not set: the binary form writes fields that JSON leaves out. */
function message(bytes: Buffer, table: Message): JsonObject {
  const object: JsonObject = {};
  for (const { field, bytes: content, number } of fields(bytes)) {
    const known = table[field];
    if (known === undefined) throw badRequest(`the object has a field ${field} in protobuf that is not read here`);
    const [name, form] = known;
    const value = read(content, number, form, object[name]);
    if (value !== undefined) object[name] = value;
  }
  return object;
}

function read(bytes: Buffer, number: number, form: Form, before: unknown): unknown {
  if (form === 'text') return bytes.length === 0 ? undefined : bytes.toString('utf8');
  if (form === 'number') return number === 0 ? undefined : number;
  if (form === 'flag') return number !== 0;
  if (form === 'texts') return [...asList(before), bytes.toString('utf8')];
  if (form === 'textMap' || form === 'bytesMap') {
    const [key, value] = entry(bytes);
    const text = value.toString(form === 'textMap' ? 'utf8' : 'base64');
    return { ...asObject(before), [key.toString('utf8')]: text };
  }
  if (form === 'time') {
    const seconds = [...fields(bytes)].find(({ field }) => field === 1)?.number;
    return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
  }
  const inner = message(bytes, form);
  return Object.keys(inner).length === 0 ? undefined : inner;
}

function entry(bytes: Buffer): [Buffer, Buffer] {
  const parts = new Map([...fields(bytes)].map(({ field, bytes: content }) => [field, content]));
  return [parts.get(1) ?? Buffer.alloc(0), parts.get(2) ?? Buffer.alloc(0)];
}

/** The fields of a message in the wire format of protocol buffers: whole numbers and lengths with bytes. */
function* fields(bytes: Buffer): Generator<{ field: number; bytes: Buffer; number: number }> {
  const reader = { at: 0 };
  while (reader.at < bytes.length) {
    const tag = varint(bytes, reader);
    const [field, wire] = [Math.floor(tag / 8), tag % 8];
    const number = varint(bytes, reader);
    if (wire === 0) yield { field, bytes: Buffer.alloc(0), number };
    else if (wire === 2 && reader.at + number <= bytes.length) {
      yield { field, bytes: bytes.subarray(reader.at, reader.at + number), number: 0 };
      reader.at += number;
    } else throw badRequest('the object in protobuf is not well-formed');
  }
}

function varint(bytes: Buffer, reader: { at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[reader.at++];
    if (byte === undefined || scale > 2 ** 49) throw badRequest('the object in protobuf is not well-formed');
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
