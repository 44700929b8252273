/*
 * E: y^2 = x^3 + 1 over F_p with a subgroup of order q, and its modified Tate pairing (RFC 5091 sections 3 and 4), by
 * the algorithms of src/crypto/curve: trace-zero projection, Jacobian Miller loop, exponent 6r with the Jacobi symbol.
 */
#ifndef HALFKEY_GMP_CURVE_H
#define HALFKEY_GMP_CURVE_H

#include "field.h"

#define MAX_DIGITS 4096 /* of any scalar */
#define MAX_STEPS 512   /* of the loop: bits of q and its few additions */

typedef struct {
  Fe x, y;
} Point;

/* The lines of a fixed argument: slope and constant of each. */
typedef struct {
  Fe slope[MAX_STEPS], c[MAX_STEPS];
  signed char square_first[MAX_STEPS];
  int count;
} Lines;

/* Multiples 1 to 16 of [32^i]P, for the scalars below q. */
typedef struct {
  Point (*row)[16];
  int rows;
} Comb;

/* Sets p and q, which divides p + 1; calls field_setup. */
void curve_setup(const mpz_t p, const mpz_t q);

int point_on_curve(const Point *A);
/* [scalar]A, width-5 windows; 0 when it is the point at infinity. */
int point_multiply(Point *r, const mpz_t scalar, const Point *A);
/* The point with that y: x = (y^2-1)^(1/3). */
void point_with_y(Point *r, const mpz_t y);

/* e'(A, B); 0 when A is not of order q or B of order 2 or 3. */
int pairing(Fp2 *r, const Point *A, const Point *B);
int lines_of(Lines *r, const Point *A);
int pairing_with_lines(Fp2 *r, const Lines *lines, const Point *B);

void comb_of(Comb *r, const Point *P);
/* [scalar]P without doublings, for 0 < scalar < q. */
int comb_multiply(Point *r, const Comb *comb, const mpz_t scalar);

#endif
