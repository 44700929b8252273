/** Signed digits of a public or blinded scalar. Never for a secret scalar that is used more than once unblinded. */

/**
 * Width-`width` non-adjacent form, least significant digit first: each digit is 0 or odd and smaller than
 * 2^(width-1) in magnitude. Width 2 of a Solinas prime 2^a + s*2^b + c is that form itself, so one loop serves
 * RFC 5091 3.5.2 and any other q. The empty list stands for 0. `scalar` must not be negative.
 */
export function signedDigits(scalar: bigint, width: number): number[] {
  const digits: number[] = [];
  const modulus = 2 ** width;
  const window = BigInt(modulus - 1);
  for (let left = scalar; left > 0n; left >>= 1n) {
    let digit = 0;
    if ((left & 1n) === 1n) {
      digit = Number(left & window);
      if (digit >= modulus / 2) digit -= modulus;
      left -= BigInt(digit);
    }
    digits.push(digit);
  }
  return digits;
}
