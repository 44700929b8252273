/*
 * The operations of `halfkey bench arithmetic` in C on GMP, driven by lines on standard input:
 *
 *   NAME HEX          one of the numbers below, with the results that are expected of the known answer
 *   check             computes everything from them; prints "ok NAME=HEX ...", or ends with status 1 and says why
 *   time OP COUNT     runs one operation so often and prints its nanoseconds of processor time; a mul or a sqr is a
 *                     hundred products
 *
 * Hashing is left to the host: y is HashToRange(id, p), l the scalar of the encryption.
 */
#include "curve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const INPUTS[] = {"p", "q", "Px", "Py", "s", "y", "l"};
static const char *const RESULTS[] = {"Ppubx", "Ppuby", "Qidx", "Qidy", "Sidx", "Sidy", "Ux", "Uy", "thetare", "thetaim"};
enum { P_, Q_, PX, PY, S_, Y_, L_, INPUT_COUNT };
enum { PPUBX, PPUBY, QIDX, QIDY, SIDX, SIDY, UX, UY, THETARE, THETAIM, RESULT_COUNT };

static mpz_t input[INPUT_COUNT], expected[RESULT_COUNT], result[RESULT_COUNT];
static mpz_t cofactor, full_scalar, fixed_exponent;
static Point P, Ppub, Qid, Sid, U;
static Fp2 theta, g_id;
static Lines Ppub_lines, Sid_lines;
static Comb comb;

static void fail(const char *what) {
  fprintf(stderr, "halfkey-gmp: %s\n", what);
  exit(1);
}

static void need(int ok, const char *what) {
  if (!ok) fail(what);
}

static void point_from(Point *r, const mpz_t x, const mpz_t y) {
  fe_from(&r->x, x);
  fe_from(&r->y, y);
}

/* BFencrypt to an identity whose point is not known: cofactor-free, e'(P_pub, Q')^(12rl). */
static void encrypt_new(Point *u, Fp2 *value) {
  Point Q;
  point_with_y(&Q, input[Y_]);
  need(pairing_with_lines(value, &Ppub_lines, &Q), "pairing of the identity");
  fp2_pow_norm1(value, value, fixed_exponent);
  need(comb_multiply(u, &comb, input[L_]), "[l]P");
}

/* The same to an identity whose g_ID is known. */
static void encrypt_cached(Point *u, Fp2 *value) {
  fp2_pow_norm1(value, &g_id, input[L_]);
  need(comb_multiply(u, &comb, input[L_]), "[l]P");
}

/* BFdecrypt with the lines of S_id, and the check of U that the plaintext leads to. */
static void decrypt(Fp2 *value) {
  Point again;
  need(point_on_curve(&U), "U off the curve");
  need(pairing_with_lines(value, &Sid_lines, &U), "pairing of U");
  need(comb_multiply(&again, &comb, input[L_]) && fe_equal(&again.x, &U.x) && fe_equal(&again.y, &U.y), "U");
}

static void hash_to_point(Point *r) {
  point_with_y(r, input[Y_]);
  need(point_multiply(r, cofactor, r), "Q_id at infinity");
}

static void extract(Point *r) {
  point_with_y(r, input[Y_]);
  need(point_multiply(r, full_scalar, r), "S_id at infinity");
}

static void set_up(void) {
  for (int i = 0; i < INPUT_COUNT; i++) need(mpz_sgn(input[i]) > 0, INPUTS[i]);
  need(mpz_sizeinbase(input[P_], 2) % 64 == 0 && mpz_size(input[P_]) <= MAX_LIMBS, "the size of p");
  curve_setup(input[P_], input[Q_]);
  point_from(&P, input[PX], input[PY]);
  need(point_on_curve(&P), "P off the curve");
  mpz_add_ui(cofactor, input[P_], 1);
  mpz_divexact(cofactor, cofactor, input[Q_]);
  mpz_mul(full_scalar, cofactor, input[S_]);
  mpz_mul(fixed_exponent, cofactor, input[L_]);
  mpz_mod(fixed_exponent, fixed_exponent, input[Q_]);
  comb_of(&comb, &P);
  need(comb_multiply(&Ppub, &comb, input[S_]), "P_pub at infinity");
  need(lines_of(&Ppub_lines, &Ppub), "P_pub is not of order q");
  hash_to_point(&Qid);
  extract(&Sid);
  need(lines_of(&Sid_lines, &Sid), "S_id is not of order q");
  need(pairing(&g_id, &Ppub, &Qid), "g_ID");
  encrypt_new(&U, &theta);
}

static int same(const Fp2 *a, const Fp2 *b) { return fe_equal(&a->re, &b->re) && fe_equal(&a->im, &b->im); }

/* Every way to one value must lead there, and to what is expected where that is known. */
static void check(void) {
  Fp2 value;
  Point u;
  encrypt_cached(&u, &value);
  need(same(&value, &theta) && fe_equal(&u.x, &U.x), "encryption with a known g_ID differs");
  decrypt(&value);
  need(same(&value, &theta), "decryption differs from encryption");
  need(pairing(&value, &U, &Sid) && same(&value, &theta), "the pairing differs");
  const Fe *elements[] = {&Ppub.x, &Ppub.y, &Qid.x, &Qid.y, &Sid.x, &Sid.y, &U.x, &U.y, &theta.re, &theta.im};
  for (int i = 0; i < RESULT_COUNT; i++) {
    fe_to(result[i], elements[i]);
    if (mpz_sgn(expected[i]) >= 0) need(mpz_cmp(expected[i], result[i]) == 0, RESULTS[i]);
  }
}

static long long run(const char *operation, long count) {
  struct timespec from, to;
  Fe x = P.x;
  Point point;
  Fp2 value;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
  for (long i = 0; i < count; i++) {
    if (strcmp(operation, "mul") == 0) {
      for (int k = 0; k < 100; k++) fe_mul(&x, &x, &P.y);
    } else if (strcmp(operation, "sqr") == 0) {
      for (int k = 0; k < 100; k++) fe_sqr(&x, &x);
    } else if (strcmp(operation, "pairing") == 0) need(pairing(&value, &Ppub, &Qid), "pairing");
    else if (strcmp(operation, "pairing-fixed") == 0) need(pairing_with_lines(&value, &Ppub_lines, &Qid), "pairing");
    else if (strcmp(operation, "hash-to-point") == 0) hash_to_point(&point);
    else if (strcmp(operation, "extract") == 0) extract(&point);
    else if (strcmp(operation, "encrypt-new") == 0) encrypt_new(&point, &value);
    else if (strcmp(operation, "encrypt-cached") == 0) encrypt_cached(&point, &value);
    else if (strcmp(operation, "decrypt") == 0) decrypt(&value);
    else fail("an unknown operation");
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
  return (to.tv_sec - from.tv_sec) * 1000000000LL + (to.tv_nsec - from.tv_nsec);
}

static int take_number(const char *name, const char *hex) {
  for (int i = 0; i < INPUT_COUNT; i++)
    if (strcmp(name, INPUTS[i]) == 0) return mpz_set_str(input[i], hex, 16) == 0;
  for (int i = 0; i < RESULT_COUNT; i++)
    if (strcmp(name, RESULTS[i]) == 0) return mpz_set_str(expected[i], hex, 16) == 0;
  return 0;
}

int main(void) {
  static char line[2048], name[2048], value[2048];
  int ready = 0;
  for (int i = 0; i < INPUT_COUNT; i++) mpz_init(input[i]);
  for (int i = 0; i < RESULT_COUNT; i++) {
    mpz_init(result[i]);
    mpz_init_set_si(expected[i], -1);
  }
  mpz_inits(cofactor, full_scalar, fixed_exponent, NULL);
  while (fgets(line, sizeof line, stdin) != NULL) {
    long count;
    if (strcmp(line, "check\n") == 0) {
      if (!ready) set_up();
      check();
      ready = 1;
      printf("ok");
      for (int i = 0; i < RESULT_COUNT; i++) gmp_printf(" %s=%Zx", RESULTS[i], result[i]);
      printf("\n");
    } else if (ready && sscanf(line, "time %2000s %ld", name, &count) == 2) {
      printf("%lld\n", run(name, count));
    } else if (!ready && sscanf(line, "%2000s %2000s", name, value) == 2) {
      need(take_number(name, value), "an unknown number");
    } else {
      fail("a line that cannot be read");
    }
    fflush(stdout);
  }
  return 0;
}
