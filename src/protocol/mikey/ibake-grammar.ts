/**
 * Which member of the encrypted part stands in which of the four messages, and who can read it (protocol profile 3.3).
 * Data, and nothing that needs Node: the page of a report reasons with the same tables.
 */
import type { IbakeType } from './ibake-message.ts';

/** The members of an encrypted part, as IbakePlaintext has them. */
type Member = 'idri' | 'idrr' | 'eccpti' | 'na' | 'eccptr' | 'nb' | 'nsk' | 'challenge';
/** The members of each message's encrypted part in their places; `?` may be absent. */
export type IbakeGrammars = Readonly<Record<IbakeType, readonly (Member | `${Member}?`)[]>>;
/** The grammar of profile 3.3. A nonce stands only behind its key component. */
export const IBAKE_GRAMMARS: IbakeGrammars = {
  I_MESSAGE_1: ['idri', 'eccpti', 'na?', 'idrr'],
  R_MESSAGE_1: ['idri', 'eccpti?', 'na?', 'idrr', 'eccptr', 'nb?'],
  I_MESSAGE_2: ['idri', 'eccpti?', 'na?', 'idrr', 'eccptr', 'nb?', 'nsk?', 'challenge?'],
  R_MESSAGE_2: ['idri', 'eccpti?', 'na?', 'nsk?', 'challenge?'],
};
/** For whose clear identity the encrypted part of each message is made (RFC 6267 4.2.2). */
export const IBAKE_RECIPIENTS: Readonly<Record<IbakeType, 'idri' | 'idrr'>> = {
  I_MESSAGE_1: 'idrr',
  R_MESSAGE_1: 'idri',
  I_MESSAGE_2: 'idrr',
  R_MESSAGE_2: 'idri',
};
