"""RFC 5091 sections 2 to 4: type-1 curves y^2 = x^3 + 1, F_p^2, the plain Miller loop, hashing to points.

Literal and slow: affine points, one inversion a step, numerator and denominator kept apart, no projection, no Solinas
form, no elimination of verticals. The corrections of profile 1.3 are marked.
"""
import functools
import hashlib

# Profile 1.1: n -> (n_p, n_q, hash).
LEVELS = {
    1024: (512, 160, 'sha1'),
    2048: (1024, 224, 'sha224'),
    3072: (1536, 256, 'sha256'),
    7680: (3840, 384, 'sha384'),
}


class Type1:
    def __init__(self, p, q, base, hash_name, sign=1):
        assert p % 12 == 11 and (p + 1) % q == 0
        self.p, self.q, self.base, self.hash_name = p, q, base, hash_name
        # Profile 1.3 no. 1: zeta = ((p-1)/2)(1 + i 3^((p+1)/4)), a primitive cube root of 1.
        half = (p - 1) // 2
        # sign = -1 is the other root: a distortion map as well, with the inverse pairing; only for planted faults.
        self.zeta = (half, sign * half * pow(3, (p + 1) // 4, p) % p)

    # F_p^2 = F_p[i]/(i^2 + 1) (2.1, with the sign of profile 1.1)
    def mul2(self, a, b):
        return (a[0] * b[0] - a[1] * b[1]) % self.p, (a[0] * b[1] + a[1] * b[0]) % self.p

    def inverse2(self, a):
        norm = pow(a[0] * a[0] + a[1] * a[1], -1, self.p)
        return a[0] * norm % self.p, -a[1] * norm % self.p

    def power2(self, a, exponent):
        result = (1, 0)
        for bit in bin(exponent)[2:]:
            result = self.mul2(result, result)
            if bit == '1':
                result = self.mul2(result, a)
        return result

    # E(F_p); None is the point at infinity
    def on_curve(self, point):
        return (point[1] * point[1] - point[0] ** 3 - 1) % self.p == 0

    @functools.lru_cache(maxsize=4)  # a step's line and its sum have the same
    def slope(self, a, b):
        """Slope of the line through a and b (of the tangent if equal); None for a vertical."""
        p = self.p
        if a[0] != b[0]:
            return (b[1] - a[1]) * pow(b[0] - a[0], -1, p) % p
        if (a[1] + b[1]) % p == 0:
            return None
        return 3 * a[0] * a[0] * pow(2 * a[1], -1, p) % p

    def add(self, a, b):
        if a is None or b is None:
            return b if a is None else a
        slope = self.slope(a, b)
        if slope is None:
            return None
        x = (slope * slope - a[0] - b[0]) % self.p
        return x, (slope * (a[0] - x) - a[1]) % self.p

    def times(self, scalar, point):
        """3.4.2 PointMultiply, double and add; with Jacobian coordinates (x/z^2, y/z^3), since 3456 inversions tire."""
        p = self.p
        if scalar == 0 or point is None:
            return None
        x, y, z = 1, 1, 0
        for bit in bin(scalar)[2:]:
            # doubling for a = 0: M = 3x^2, S = 4xy^2
            s, m = 4 * x * y * y % p, 3 * x * x % p
            z = 2 * y * z % p
            x, y4 = (m * m - 2 * s) % p, 8 * pow(y, 4, p)
            y = (m * (s - x) - y4) % p
            if bit == '1':
                x, y, z = self._add_affine((x, y, z), point)
        if z == 0:
            return None
        inverse = pow(z, -1, p)
        return x * inverse**2 % p, y * inverse**3 % p

    def _add_affine(self, a, b):
        p, (x, y, z) = self.p, a
        if z == 0:
            return b[0], b[1], 1
        h, r = (b[0] * z * z - x) % p, (b[1] * z**3 - y) % p
        if h == 0:
            affine = self.add((x * pow(z, -2, p) % p, y * pow(z, -3, p) % p), b)
            return (1, 1, 0) if affine is None else (*affine, 1)
        h2 = h * h % p
        x3 = (r * r - h2 * h - 2 * x * h2) % p
        return x3, (r * (x * h2 - x3) - y * h2 * h) % p, z * h % p

    def line(self, a, b, x, y):
        """3.4: the line through a and b at (x, y), x in F_p^2 and y in F_p; the constant 1 if a or b is infinity."""
        p = self.p
        if a is None or b is None:
            point = b if a is None else a
            return (1, 0) if point is None else ((x[0] - point[0]) % p, x[1])
        slope = self.slope(a, b)
        if slope is None:
            return (x[0] - a[0]) % p, x[1]
        # y - y_a - slope (x - x_a)
        return (y - a[1] - slope * (x[0] - a[0])) % p, -slope * x[1] % p

    def pairing(self, a, b):
        """4.5.2 Pairing1: e'(A, B) = e(A, phi(B)), phi(x, y) = (zeta x, y); 3.5.2 as the textbook's Miller loop."""
        p = self.p
        x = (self.zeta[0] * b[0] % p, self.zeta[1] * b[0] % p)
        y = b[1]
        numerator, denominator = (1, 0), (1, 0)
        v = a
        for bit in bin(self.q)[3:]:
            numerator = self.mul2(self.mul2(numerator, numerator), self.line(v, v, x, y))
            v = self.add(v, v)
            denominator = self.mul2(self.mul2(denominator, denominator), self.line(v, None, x, y))
            if bit == '1':
                numerator = self.mul2(numerator, self.line(v, a, x, y))
                v = self.add(v, a)
                denominator = self.mul2(denominator, self.line(v, None, x, y))
        assert v is None, 'the first argument is not of order q'
        value = self.mul2(numerator, self.inverse2(denominator))
        # 3.5.2 step 6: power (p^2 - 1)/q = (p - 1) (p + 1)/q; f^p is the conjugate
        value = self.mul2((value[0], -value[1] % p), self.inverse2(value))
        return self.power2(value, (p + 1) // self.q)

    # Section 4 and the hash functions
    def hash(self, data):
        return hashlib.new(self.hash_name, data).digest()

    @property
    def hash_length(self):
        return hashlib.new(self.hash_name).digest_size

    def hash_to_range(self, data, n):
        """4.1.1; profile 1.3 no. 5: the result is v_2 mod n."""
        h, v = bytes(self.hash_length), 0
        for _ in range(2):
            h = self.hash(h + data)
            v = (v << (8 * self.hash_length)) + int.from_bytes(h, 'big')
        return v % n

    def hash_bytes(self, count, data):
        """4.2.1."""
        k, h, result = self.hash(data), bytes(self.hash_length), b''
        while len(result) < count:
            h = self.hash(h)
            result += self.hash(h + k)
        return result[:count]

    def canonical(self, value, order=0):
        """4.3.2."""
        length = (self.p.bit_length() + 7) // 8
        parts = [c.to_bytes(length, 'big') for c in value]
        return b''.join(parts if order == 0 else reversed(parts))

    @functools.lru_cache(maxsize=64)
    def hash_to_point(self, identity):
        """4.4.2: y = HashToRange(id, p); x = (y^2 - 1)^((2p-1)/3); Q = [12 r](x, y)."""
        p = self.p
        y = self.hash_to_range(identity, p)
        x = pow(y * y - 1, (2 * p - 1) // 3, p)
        return self.times((p + 1) // self.q, (x, y))
