/* The field of field.h. */
#include "field.h"

#include <string.h>

/* GMP exports its Montgomery reduction without declaring it: r = u * 2^(-64 n) mod m, the carry returned. */
extern mp_limb_t __gmpn_redc_1(mp_ptr r, mp_ptr u, mp_srcptr m, mp_size_t n, mp_limb_t inverse);

Fe fe_one;

static mp_size_t limbs;
static Fe modulus;
static Fe montgomery_square; /* R^2 */
static mp_limb_t inverse;    /* -1/p modulo 2^64 */
static mpz_t modulus_z;

static void limbs_from(Fe *r, const mpz_t a) {
  size_t count = mpz_size(a);
  memset(r->v, 0, (size_t)limbs * sizeof r->v[0]);
  memcpy(r->v, mpz_limbs_read(a), count * sizeof r->v[0]);
}

void field_setup(const mpz_t p) {
  mpz_t square;
  limbs = (mp_size_t)mpz_size(p);
  mpz_init_set(modulus_z, p);
  limbs_from(&modulus, p);
  /* Newton's iteration: five steps double the three bits that p itself has right. */
  mp_limb_t x = modulus.v[0];
  for (int i = 0; i < 5; i++) x *= 2 - modulus.v[0] * x;
  inverse = -x;
  mpz_init_set_ui(square, 1);
  mpz_mul_2exp(square, square, 2 * 64 * (mp_bitcnt_t)limbs);
  mpz_mod(square, square, p);
  limbs_from(&montgomery_square, square);
  mpz_clear(square);
  fe_small(&fe_one, 1);
}

static void reduce_once(Fe *r, mp_limb_t carry) {
  if (carry != 0 || mpn_cmp(r->v, modulus.v, limbs) >= 0) mpn_sub_n(r->v, r->v, modulus.v, limbs);
}

void fe_mul(Fe *r, const Fe *a, const Fe *b) {
  mp_limb_t t[2 * MAX_LIMBS];
  mpn_mul_n(t, a->v, b->v, limbs);
  reduce_once(r, __gmpn_redc_1(r->v, t, modulus.v, limbs, inverse));
}

void fe_sqr(Fe *r, const Fe *a) {
  mp_limb_t t[2 * MAX_LIMBS];
  mpn_sqr(t, a->v, limbs);
  reduce_once(r, __gmpn_redc_1(r->v, t, modulus.v, limbs, inverse));
}

void fe_add(Fe *r, const Fe *a, const Fe *b) { reduce_once(r, mpn_add_n(r->v, a->v, b->v, limbs)); }

void fe_sub(Fe *r, const Fe *a, const Fe *b) {
  if (mpn_sub_n(r->v, a->v, b->v, limbs) != 0) mpn_add_n(r->v, r->v, modulus.v, limbs);
}

void fe_neg(Fe *r, const Fe *a) {
  if (mpn_zero_p(a->v, limbs)) mpn_copyi(r->v, a->v, limbs);
  else mpn_sub_n(r->v, modulus.v, a->v, limbs);
}

void fe_double(Fe *r, const Fe *a, int times) {
  fe_add(r, a, a);
  for (int i = 1; i < times; i++) fe_add(r, r, r);
}

void fe_small(Fe *r, unsigned long a) {
  mpz_t n;
  mpz_init_set_ui(n, a);
  fe_from(r, n);
  mpz_clear(n);
}

void fe_from(Fe *r, const mpz_t a) {
  limbs_from(r, a);
  fe_mul(r, r, &montgomery_square);
}

void fe_to(mpz_t r, const Fe *a) {
  mp_limb_t t[2 * MAX_LIMBS] = {0};
  Fe plain;
  memcpy(t, a->v, (size_t)limbs * sizeof t[0]);
  reduce_once(&plain, __gmpn_redc_1(plain.v, t, modulus.v, limbs, inverse));
  mpn_copyi(mpz_limbs_write(r, limbs), plain.v, limbs);
  mpz_limbs_finish(r, limbs);
}

int fe_is_zero(const Fe *a) { return mpn_zero_p(a->v, limbs); }

int fe_equal(const Fe *a, const Fe *b) { return mpn_cmp(a->v, b->v, limbs) == 0; }

void fe_inv(Fe *r, const Fe *a) {
  mpz_t n;
  mpz_init(n);
  fe_to(n, a);
  mpz_invert(n, n, modulus_z);
  fe_from(r, n);
  mpz_clear(n);
}

void fe_inv_all(Fe *a, Fe *scratch, int count) {
  Fe product = fe_one;
  for (int i = 0; i < count; i++) {
    scratch[i] = product;
    fe_mul(&product, &product, &a[i]);
  }
  fe_inv(&product, &product);
  for (int i = count - 1; i >= 0; i--) {
    Fe value = a[i];
    fe_mul(&a[i], &product, &scratch[i]);
    fe_mul(&product, &product, &value);
  }
}

void fe_pow(Fe *r, const Fe *a, const mpz_t e) {
  mpz_t n;
  mpz_init(n);
  fe_to(n, a);
  mpz_powm(n, n, e, modulus_z);
  fe_from(r, n);
  mpz_clear(n);
}

int fe_jacobi(const Fe *a) {
  mpz_t n;
  mpz_init(n);
  fe_to(n, a);
  int sign = mpz_jacobi(n, modulus_z);
  mpz_clear(n);
  return sign;
}

void fp2_mul(Fp2 *r, const Fp2 *a, const Fp2 *b) {
  Fe re, im, cross, sum;
  fe_mul(&re, &a->re, &b->re);
  fe_mul(&im, &a->im, &b->im);
  fe_add(&cross, &a->re, &a->im);
  fe_add(&sum, &b->re, &b->im);
  fe_mul(&cross, &cross, &sum);
  fe_add(&sum, &re, &im);
  fe_sub(&r->re, &re, &im);
  fe_sub(&r->im, &cross, &sum);
}

void fp2_sqr(Fp2 *r, const Fp2 *a) {
  Fe sum, difference, product;
  fe_add(&sum, &a->re, &a->im);
  fe_sub(&difference, &a->re, &a->im);
  fe_mul(&product, &a->re, &a->im);
  fe_mul(&r->re, &sum, &difference);
  fe_add(&r->im, &product, &product);
}

void fp2_pow_norm1(Fp2 *r, const Fp2 *z, const mpz_t e) {
  Fp2 power[16], result = {.re = fe_one};
  memset(&result.im, 0, sizeof result.im);
  power[1] = *z;
  for (int i = 2; i < 16; i++) fp2_mul(&power[i], &power[i - 1], z);
  for (long at = (long)(mpz_sizeinbase(e, 2) + 3) / 4 - 1; at >= 0; at--) {
    unsigned digit = 0;
    for (int i = 0; i < 4; i++) {
      /* z^2 = (2 re^2 - 1) + ((re + im)^2 - 1) i in norm 1. */
      Fe sum;
      fe_add(&sum, &result.re, &result.im);
      fe_sqr(&sum, &sum);
      fe_sub(&result.im, &sum, &fe_one);
      fe_sqr(&result.re, &result.re);
      fe_double(&result.re, &result.re, 1);
      fe_sub(&result.re, &result.re, &fe_one);
      digit = 2 * digit + (unsigned)mpz_tstbit(e, (mp_bitcnt_t)(4 * at + 3 - i));
    }
    if (digit != 0) fp2_mul(&result, &result, &power[digit]);
  }
  *r = result;
}
