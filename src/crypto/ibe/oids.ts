/** Object identifiers of RFC 5091 section 8 (7.2 misprints SHA-1's last arc) and of the profile's identity type. */

/** Elliptic curve y^2 = x^3 + 1. */
export const OID_TYPE1_CURVE = '2.16.840.1.114334.1.1.1.1';
/** Boneh-Franklin: the only algorithm of envelope version 1. */
export const OID_BF = '2.16.840.1.114334.1.1.2.1';
/** identityType of the profile, 2.3: uuid5 of `urn:li-ibake:mikey-identity:v1` below the UUID arc. */
export const OID_MIKEY_IDENTITY = '2.25.121698714555808039573330697175064966403.1';
