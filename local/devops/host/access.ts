import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Header in which the page shows the key. A custom header: no other site's page can send it without a preflight, which we refuse. */
export const keyHeader = 'x-mlops-key';

const ticketLifeMs = 60_000;

/**
 * Who may ask for tokens. A key is made at each start and is part of the page's address, in its fragment, which browsers send to nobody.
 * The page keeps it for its own origin and shows it in a header; a request must also say that it comes from that origin.
 * So neither another site's page, nor another program's page on another port, nor another user of the machine gets a token.
 * A ticket stands for the key once, for a minute: it is what a command line that others can list may carry.
 */
export class Access {
  readonly key = randomBytes(24).toString('base64url');
  private readonly tickets = new Map<string, number>();

  constructor(private readonly origin: () => string) {}

  holdsKey(request: IncomingMessage): boolean {
    const shown = request.headers[keyHeader];
    return typeof shown === 'string' && same(shown, this.key) && this.comesFromPage(request);
  }

  /** Browsers say where a request comes from; programs of the key's owner say nothing. */
  comesFromPage({ headers }: IncomingMessage): boolean {
    const site = headers['sec-fetch-site'];
    const ownOrigin = headers.origin === undefined || headers.origin === this.origin();
    return ownOrigin && (site === undefined || site === 'same-origin');
  }

  newTicket(now = Date.now()): string {
    for (const [ticket, until] of this.tickets) if (until < now) this.tickets.delete(ticket);
    const ticket = randomBytes(24).toString('base64url');
    this.tickets.set(ticket, now + ticketLifeMs);
    return ticket;
  }

  /** The key for a ticket that nobody has used yet. */
  redeem(ticket: string, now = Date.now()): string | undefined {
    const until = this.tickets.get(ticket);
    this.tickets.delete(ticket);
    return until !== undefined && until >= now ? this.key : undefined;
  }
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
