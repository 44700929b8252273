/**
 * Transactions over reliable transport (RFC 3261 17): which request a response belongs to, and which answer a repeated
 * request gets. Nothing is sent twice but what the other side has asked for twice; a duplicate changes no state.
 */
import { encodeSipMessage, headerValues, type SipDraft } from '../../protocol/signalling/index.ts';
import { topBranch, token, type RequestDraft, type SipRequestMessage, type SipResponseMessage } from './ua-message.ts';
import type { Random, Scheduler } from '../../foundation/base/index.ts';

/** RFC 3261 17.1.1.1, in milliseconds. */
export const T1 = 500;
export const T2 = 4000;
/** How long anything waits for an answer that does not come. */
export const TIMEOUT = 64 * T1;
const MAX_SERVER = 1024;
/** Places of those that only requests of our calls take: who is in none cannot keep their answers out. */
const RESERVED_SERVER = 256;

/** One direction of sending: a connection. */
export interface SipLink {
  send(octets: Uint8Array): void;
}

/** A request of ours that is under way. */
export interface ClientTransaction {
  /** Responses are dropped from now on. */
  end(): void;
}

export interface InviteTransaction extends ClientTransaction {
  /** Asks for the end of the INVITE (9.1): to be called after a provisional response. */
  cancel(): void;
}

/** A request of the other side, to be answered. */
export interface ServerTransaction {
  readonly request: SipRequestMessage;
  /** Sends a response, which repeats of the request get as well; the last one counts. */
  reply(response: SipDraft): void;
  /** There will be no final response: repeats of the request are dropped in silence. Nothing after a final one. */
  ignore(): void;
}

interface Client {
  readonly method: string;
  readonly take: (response: SipResponseMessage) => void;
}

interface Server extends ServerTransaction {
  last: Uint8Array | undefined;
  /** Status of the final response, 0 before. */
  status: number;
}

export class Transactions {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** `host:port` of Via. */
  readonly #sentBy: string;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();

  constructor(options: { readonly scheduler: Scheduler; readonly random: Random; readonly sentBy: string }) {
    this.#scheduler = options.scheduler;
    this.#random = options.random;
    this.#sentBy = options.sentBy;
  }

  /** Requests under way and answers kept: 0 when nothing is left of any call. */
  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /** Forgets all: whoever clears this ends the timers as well. */
  clear(): void {
    this.#clients.clear();
    this.#servers.clear();
  }

  /** Sends a request other than INVITE and ACK; the first final response or 64*T1 end it (17.1.2). */
  request(
    link: SipLink,
    draft: RequestDraft,
    onFinal: (response: SipResponseMessage) => void,
    onTimeout: () => void,
  ): void {
    const branch = this.#branch();
    const stop = this.#scheduler.after(TIMEOUT, () => {
      this.#clients.delete(branch);
      onTimeout();
    });
    this.#clients.set(branch, {
      method: draft.method,
      take: (response) => {
        if (response.status < 200) return;
        stop();
        this.#clients.delete(branch);
        onFinal(response);
      },
    });
    this.#send(link, draft, branch);
  }

  /** Sends an INVITE. `onResponse` gets every response; final ones other than 2xx are acknowledged here (17.1.1.3). */
  invite(link: SipLink, draft: RequestDraft, onResponse: (response: SipResponseMessage) => void): InviteTransaction {
    const branch = this.#branch();
    this.#clients.set(branch, {
      method: 'INVITE',
      take: (response) => {
        if (response.status >= 300) this.#send(link, hopRequest(draft, 'ACK', headerValues(response, 'to')[0]), branch);
        onResponse(response);
      },
    });
    this.#send(link, draft, branch);
    return {
      end: () => {
        this.#clients.delete(branch);
      },
      cancel: () => {
        const key = cancelKey(branch);
        const forget = (): void => {
          this.#clients.delete(key);
        };
        const stop = this.#scheduler.after(TIMEOUT, forget);
        this.#clients.set(key, {
          method: 'CANCEL',
          take: ({ status }) => {
            if (status < 200) return;
            stop();
            forget();
          },
        });
        this.#send(link, hopRequest(draft, 'CANCEL'), branch);
      },
    };
  }

  /** Sends an ACK to a 2xx: a transaction of its own that has no answer (13.2.2.4). Returns its octets, to be repeated. */
  acknowledge(link: SipLink, draft: RequestDraft): Uint8Array {
    return this.#send(link, draft, this.#branch());
  }

  /** Takes a response; one that belongs to nothing is dropped. */
  response(response: SipResponseMessage): void {
    const branch = topBranch(response);
    const client = this.#clients.get(response.cseq.method === 'CANCEL' ? cancelKey(branch) : branch);
    if (client?.method === response.cseq.method) client.take(response);
  }

  /**
   * Takes a request: undefined when it repeats one that is known (its answer is sent again), or acknowledges a refusal.
   * A full table drops what comes, which the other side sends again or gives up; for a request of a call of ours
   * (`ofCall`), or the CANCEL of an INVITE that is known, it is full later than for others.
   */
  receive(link: SipLink, request: SipRequestMessage, ofCall: boolean): ServerTransaction | undefined {
    const key = serverKey(request, request.method === 'ACK' ? 'INVITE' : request.method);
    const known = this.#servers.get(key);
    // An ACK to a 2xx is for the call, also where it comes with the branch of its INVITE, as some send it.
    if (known !== undefined && !(request.method === 'ACK' && Math.floor(known.status / 100) === 2)) {
      if (request.method !== 'ACK' && known.last !== undefined) link.send(known.last);
      return undefined;
    }
    const belongs = ofCall || (request.method === 'CANCEL' && this.inviteOf(request) !== undefined);
    if (this.#servers.size >= (belongs ? MAX_SERVER : MAX_SERVER - RESERVED_SERVER)) return undefined;
    const server: Server = {
      request,
      last: undefined,
      status: 0,
      reply: (response) => {
        server.last = encodeSipMessage(response);
        link.send(server.last);
        if (server.status >= 200 || (response.status ?? 0) < 200) return;
        server.status = response.status ?? 0;
        this.#expire(key);
      },
      ignore: () => {
        if (server.status < 200) this.#expire(key);
      },
    };
    // An ACK has no answer: it is known by its INVITE, or not at all.
    if (request.method !== 'ACK') this.#servers.set(key, server);
    return server;
  }

  /** The INVITE that a CANCEL is about (9.2). */
  inviteOf(cancel: SipRequestMessage): ServerTransaction | undefined {
    return this.#servers.get(serverKey(cancel, 'INVITE'));
  }

  /** Whether another request with the same Call-ID, From tag and CSeq is being answered: it came twice by two ways (8.2.2.2). */
  merged(request: SipRequestMessage): boolean {
    return [...this.#servers.values()].some(
      ({ request: other }) =>
        other !== request &&
        other.callId === request.callId &&
        other.fromTag === request.fromTag &&
        other.cseq.number === request.cseq.number &&
        other.cseq.method === request.cseq.method,
    );
  }

  #branch(): string {
    return `z9hG4bK${token(this.#random)}`;
  }

  #expire(key: string): void {
    this.#scheduler.after(TIMEOUT, () => this.#servers.delete(key));
  }

  #send(link: SipLink, draft: RequestDraft, branch: string): Uint8Array {
    const via = { name: 'Via', value: `SIP/2.0/TCP ${this.#sentBy};branch=${branch}` };
    const octets = encodeSipMessage({ ...draft, headers: [via, ...draft.headers] });
    link.send(octets);
    return octets;
  }
}

const cancelKey = (branch: string): string => `CANCEL ${branch}`;

/** RFC 3261 17.2.3: branch, sent-by and method; requests of RFC 2543, whose branch is not unique, by what else they have. */
function serverKey(request: SipRequestMessage, method: string): string {
  const via = headerValues(request, 'via')[0] ?? '';
  const sentBy = /^[^ \t]+[ \t]+([^ \t;]+)/.exec(via)?.[1] ?? '';
  return [method, topBranch(request), sentBy, request.callId, request.fromTag ?? '', request.cseq.number].join(' ');
}

/** CANCEL, and ACK to a refusal: the INVITE's fields with another method and no body (9.1, 17.1.1.3). */
function hopRequest(invite: RequestDraft, method: string, to?: string): RequestDraft {
  const kept = ['route', 'max-forwards', 'from', 'to', 'call-id', 'cseq'];
  const headers = invite.headers
    .filter(({ name }) => kept.includes(name.toLowerCase()))
    .map(({ name, value }) => {
      if (name.toLowerCase() === 'cseq') return { name, value: value.replace(/[^ ]+$/, method) };
      return name.toLowerCase() === 'to' && to !== undefined ? { name, value: to } : { name, value };
    });
  return { kind: 'request', method, requestUri: invite.requestUri, headers, body: new Uint8Array() };
}
