/*
 * The prime field F_p in Montgomery form on GMP's mpn functions: a product is mpn_mul_n or mpn_sqr and one Montgomery
 * reduction. Elements are in [0, p). Not constant time, and not meant to be: the outside comparator of the kernels.
 */
#ifndef HALFKEY_GMP_FIELD_H
#define HALFKEY_GMP_FIELD_H

#include <gmp.h>

/* The build sets it for each size, so that an element takes no more memory than it needs. */
#ifndef MAX_LIMBS
#define MAX_LIMBS 60
#endif

typedef struct {
  mp_limb_t v[MAX_LIMBS];
} Fe;

/* re + im*i with i^2 = -1. */
typedef struct {
  Fe re, im;
} Fp2;

extern Fe fe_one;

/* Sets the modulus of every later call; p odd, of a whole number of limbs up to MAX_LIMBS. */
void field_setup(const mpz_t p);

void fe_from(Fe *r, const mpz_t a);
void fe_to(mpz_t r, const Fe *a);
int fe_is_zero(const Fe *a);
int fe_equal(const Fe *a, const Fe *b);

void fe_mul(Fe *r, const Fe *a, const Fe *b);
void fe_sqr(Fe *r, const Fe *a);
void fe_add(Fe *r, const Fe *a, const Fe *b);
void fe_sub(Fe *r, const Fe *a, const Fe *b);
void fe_neg(Fe *r, const Fe *a);
/* a * 2^times. */
void fe_double(Fe *r, const Fe *a, int times);
/* The element of a small number. */
void fe_small(Fe *r, unsigned long a);
void fe_inv(Fe *r, const Fe *a);
/* All inverses for one inversion and three multiplications each; scratch holds `count` elements. */
void fe_inv_all(Fe *a, Fe *scratch, int count);
void fe_pow(Fe *r, const Fe *a, const mpz_t e);
int fe_jacobi(const Fe *a);

void fp2_mul(Fp2 *r, const Fp2 *a, const Fp2 *b);
void fp2_sqr(Fp2 *r, const Fp2 *a);
/* z^e for z of norm 1, four bits at a time. */
void fp2_pow_norm1(Fp2 *r, const Fp2 *z, const mpz_t e);

#endif
