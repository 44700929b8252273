"""P-256, P-384 and P-521 (SEC 2): affine arithmetic, SEC 1 octets. Profile 3.1 and A3."""


class Curve:
    def __init__(self, number, p, b, x, y, n):
        self.number, self.p, self.b, self.n = number, p, b, n
        self.length = (p.bit_length() + 7) // 8
        self.base = (x, y)

    def on_curve(self, point):
        x, y = point
        return (y * y - (x * x * x - 3 * x + self.b)) % self.p == 0

    def add(self, a, b):
        """The group law; None is the point at infinity."""
        if a is None or b is None:
            return b if a is None else a
        p = self.p
        if a[0] == b[0]:
            if (a[1] + b[1]) % p == 0:
                return None
            slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, p) % p
        else:
            slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
        x = (slope * slope - a[0] - b[0]) % p
        return x, (slope * (a[0] - x) - a[1]) % p

    def times(self, scalar, point):
        result = None
        for bit in bin(scalar)[2:]:
            result = self.add(result, result)
            if bit == '1':
                result = self.add(result, point)
        return result

    def encode(self, point):
        """Uncompressed: 04 || X || Y (A3, A5)."""
        return b'\x04' + b''.join(c.to_bytes(self.length, 'big') for c in point)

    def decode(self, octets):
        """A3: uncompressed only, on the curve, never infinity."""
        if len(octets) != 1 + 2 * self.length or octets[0] != 4:
            raise ValueError('InvalidPoint')
        x = int.from_bytes(octets[1:1 + self.length], 'big')
        y = int.from_bytes(octets[1 + self.length:], 'big')
        if max(x, y) >= self.p or not self.on_curve((x, y)):
            raise ValueError('InvalidPoint')
        return x, y

    def public(self, scalar):
        """[x]P as octets; x in [1, n-1] (4.3)."""
        assert 1 <= scalar < self.n
        return self.encode(self.times(scalar, self.base))

    def shared(self, scalar, peer):
        """K_SESSION = 04 || X || Y of [x]yP (A5)."""
        return self.encode(self.times(scalar, self.decode(peer)))


P256 = Curve(
    8, 2**256 - 2**224 + 2**192 + 2**96 - 1,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551)
P384 = Curve(
    11, 2**384 - 2**128 - 2**96 + 2**32 - 1,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973)
P521 = Curve(
    14, 2**521 - 1,
    0x51953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    0xC6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
    0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
    ((2**265 - 6) << 256) + 0x51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409)
CURVES = {curve.number: curve for curve in (P256, P384, P521)}
for _curve in CURVES.values():
    assert _curve.on_curve(_curve.base) and _curve.times(_curve.n, _curve.base) is None
