import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Answer, Call } from '../service';
import { isDigest, sha256, type RegistryStorage } from './storage';
import { fault } from './tokens';

interface Session {
  repository: string;
  file: string;
}

/** Blob uploads: in one piece, in chunks, or mounted from another repository. Open sessions end with the process, as they may. */
export class Uploads {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly storage: RegistryStorage) {}

  handle(call: Call, repository: string, id: string, mayMount: (from: string) => boolean): Answer {
    if (id === '') return call.method === 'POST' ? this.begin(call, repository, mayMount) : unknown('(none)');
    const session = this.sessions.get(id);
    if (session?.repository !== repository) return unknown(id);
    if (call.method === 'PATCH') return this.append(call, id, session);
    if (call.method === 'PUT') return this.finish(call, id, session);
    if (call.method === 'DELETE') {
      this.close(id, session);
      return { status: 204 };
    }
    return this.progress(204, id, session);
  }

  private begin(call: Call, repository: string, mayMount: (from: string) => boolean): Answer {
    const mount = call.query.get('mount');
    const from = call.query.get('from');
    if (mount !== null && from !== null && isDigest(mount) && mayMount(from) && this.storage.isLinked(from, mount)) {
      this.storage.link(repository, mount);
      return created(repository, mount);
    }
    const id = randomUUID();
    const session = { repository, file: this.storage.temporaryFile() };
    writeFileSync(session.file, '');
    this.sessions.set(id, session);
    return call.query.has('digest') ? this.finish(call, id, session) : this.progress(202, id, session);
  }

  private append(call: Call, id: string, session: Session): Answer {
    const start = /^(\d+)-\d+$/.exec(call.headers['content-range'] ?? '')?.[1];
    if (start !== undefined && Number(start) !== statSync(session.file).size) {
      const problem = fault(416, 'BLOB_UPLOAD_INVALID', 'the chunk does not begin where the last one ended');
      return { ...problem, headers: { ...problem.headers, ...this.progress(416, id, session).headers } };
    }
    appendFileSync(session.file, call.body);
    return this.progress(202, id, session);
  }

  private finish(call: Call, id: string, session: Session): Answer {
    appendFileSync(session.file, call.body);
    const digest = call.query.get('digest') ?? '';
    const found = sha256(readFileSync(session.file));
    if (found !== digest) {
      this.close(id, session);
      return fault(400, 'DIGEST_INVALID', `provided digest did not match uploaded content: it is ${found}`);
    }
    this.storage.adopt(session.file, digest);
    this.storage.link(session.repository, digest);
    this.sessions.delete(id);
    return created(session.repository, digest);
  }

  private progress(status: number, id: string, session: Session): Answer {
    const size = statSync(session.file).size;
    return {
      status,
      headers: {
        'docker-distribution-api-version': 'registry/2.0',
        location: `/v2/${session.repository}/blobs/uploads/${id}`,
        'docker-upload-uuid': id,
        range: `0-${Math.max(size - 1, 0)}`,
      },
    };
  }

  private close(id: string, session: Session): void {
    rmSync(session.file, { force: true });
    this.sessions.delete(id);
  }
}

function created(repository: string, digest: string): Answer {
  const location = `/v2/${repository}/blobs/${digest}`;
  return {
    status: 201,
    headers: { 'docker-distribution-api-version': 'registry/2.0', location, 'docker-content-digest': digest },
  };
}

function unknown(id: string): Answer {
  return fault(404, 'BLOB_UPLOAD_UNKNOWN', `blob upload unknown to registry: ${id}`);
}
