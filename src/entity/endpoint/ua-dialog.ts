/**
 * A dialog (RFC 3261 12): the route set, the remote target and the two counters, and the requests that are sent in it.
 * Early dialogs of a forked INVITE each have their own.
 */
import { headerValue, headerValues, parseAddress, type SipMessage } from '../../protocol/signalling/index.ts';
import {
  bodyParts,
  contactUri,
  type Body,
  type Header,
  type RequestDraft,
  type SipRequestMessage,
  type SipResponseMessage,
} from './ua-message.ts';

interface DialogState {
  readonly callId: string;
  /** From and To of our requests, with tags. */
  readonly local: string;
  readonly remote: string;
  readonly remoteTag: string;
  target: string;
  routes: readonly string[];
  localSequence: number;
  remoteSequence: number | undefined;
}

export class Dialog {
  readonly #state: DialogState;

  private constructor(state: DialogState) {
    this.#state = state;
  }

  /** The dialog that a response to our INVITE forms (12.1.2); without Contact, requests go to the URI of the INVITE. */
  static ofCaller(invite: RequestDraft, response: SipResponseMessage): Dialog {
    return new Dialog({
      callId: response.callId,
      local: headerValue(invite, 'from') ?? '',
      remote: headerValue(response, 'to') ?? '',
      remoteTag: response.toTag ?? '',
      target: contactUri(response) ?? invite.requestUri,
      routes: headerValues(response, 'record-route').toReversed(),
      localSequence: response.cseq.number,
      remoteSequence: undefined,
    });
  }

  /** The dialog that our answer to an INVITE forms (12.1.1). */
  static ofCallee(invite: SipRequestMessage, localTag: string): Dialog {
    return new Dialog({
      callId: invite.callId,
      local: `${headerValue(invite, 'to') ?? ''};tag=${localTag}`,
      remote: headerValue(invite, 'from') ?? '',
      remoteTag: invite.fromTag ?? '',
      target: contactUri(invite) ?? invite.fromUri,
      routes: headerValues(invite, 'record-route'),
      localSequence: 0,
      remoteSequence: invite.cseq.number,
    });
  }

  get callId(): string {
    return this.#state.callId;
  }

  /** A 2xx sets target and route set of its dialog anew (13.2.2.4). */
  confirm(response: SipResponseMessage): void {
    this.#state.target = contactUri(response) ?? this.#state.target;
    this.#state.routes = headerValues(response, 'record-route').toReversed();
  }

  /** Whether a request belongs here, by Call-ID and the tag of its sender. */
  owns(request: SipMessage): boolean {
    return request.callId === this.#state.callId && (request.fromTag ?? '') === this.#state.remoteTag;
  }

  /** Whether the CSeq of a request is in order (12.2.2); remembers it if so. ACK and CANCEL repeat a number. */
  inOrder({ cseq }: SipRequestMessage): boolean {
    if (cseq.method === 'ACK' || cseq.method === 'CANCEL') return true;
    const last = this.#state.remoteSequence;
    if (last !== undefined && cseq.number <= last) return false;
    this.#state.remoteSequence = cseq.number;
    return true;
  }

  /** A request in the dialog, without Via (12.2.1.1). ACK takes the number of its INVITE. */
  request(
    method: string,
    options: { readonly sequence?: number; readonly headers?: readonly Header[]; readonly body?: Body } = {},
  ): RequestDraft {
    const { callId, local, remote, target, routes } = this.#state;
    const sequence = options.sequence ?? ++this.#state.localSequence;
    const strict = strictUri(routes[0]);
    // A strict router wants its own URI in the request line, and the target at the end of the route.
    const route = strict === undefined ? routes : [...routes.slice(1), `<${target}>`];
    const content = bodyParts(options.body);
    return {
      kind: 'request',
      method,
      requestUri: strict ?? target,
      headers: [
        ...route.map((value) => ({ name: 'Route', value })),
        { name: 'Max-Forwards', value: '70' },
        { name: 'From', value: local },
        { name: 'To', value: remote },
        { name: 'Call-ID', value: callId },
        { name: 'CSeq', value: `${String(sequence)} ${method}` },
        ...(options.headers ?? []),
        ...content.headers,
      ],
      body: content.body,
    };
  }
}

/** URI of a route without `lr`; one that cannot be read is left for the next hop to judge. */
function strictUri(route: string | undefined): string | undefined {
  if (route === undefined || /;[ \t]*lr(?:[ \t;>=]|$)/i.test(route)) return undefined;
  try {
    return parseAddress(route, 0).uri;
  } catch {
    return undefined;
  }
}
