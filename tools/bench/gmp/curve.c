/* The curve of curve.h. */
#include "curve.h"

#include <stdlib.h>
#include <string.h>

/* Jacobian coordinates: x = X/Z^2, y = Y/Z^3. */
typedef struct {
  Fe X, Y, Z;
} Jacobian;

static signed char order_digits[MAX_DIGITS];
static int order_count;
static Fe two, four, eight, minus_sqrt3, eighth, half;
static mpz_t cube_root, exponent, order;

/* Non-adjacent form of the given width, least significant digit first. */
static int signed_digits(signed char *digits, const mpz_t scalar, int width) {
  mpz_t left;
  int count = 0;
  long modulus = 1L << width;
  mpz_init_set(left, scalar);
  for (; mpz_sgn(left) > 0; mpz_fdiv_q_2exp(left, left, 1)) {
    long digit = 0;
    if (mpz_odd_p(left)) {
      digit = (long)mpz_fdiv_ui(left, (unsigned long)modulus);
      if (digit >= modulus / 2) digit -= modulus;
      if (digit > 0) mpz_sub_ui(left, left, (unsigned long)digit);
      else mpz_add_ui(left, left, (unsigned long)-digit);
    }
    digits[count++] = (signed char)digit;
  }
  mpz_clear(left);
  return count;
}

void curve_setup(const mpz_t p, const mpz_t q) {
  mpz_t e;
  Fe sqrt3;
  field_setup(p);
  mpz_init_set(order, q);
  order_count = signed_digits(order_digits, q, 2);
  /* sqrt(3) = 3^((p+1)/4), cube root = power (2p-1)/3, exponent = 6r = (p+1)/(2q). */
  mpz_init(e);
  mpz_add_ui(e, p, 1);
  mpz_fdiv_q_2exp(e, e, 2);
  fe_small(&sqrt3, 3);
  fe_pow(&sqrt3, &sqrt3, e);
  fe_neg(&minus_sqrt3, &sqrt3);
  mpz_init(cube_root);
  mpz_mul_2exp(cube_root, p, 1);
  mpz_sub_ui(cube_root, cube_root, 1);
  mpz_divexact_ui(cube_root, cube_root, 3);
  mpz_init(exponent);
  mpz_add_ui(exponent, p, 1);
  mpz_divexact(exponent, exponent, q);
  mpz_fdiv_q_2exp(exponent, exponent, 1);
  fe_small(&two, 2);
  fe_small(&four, 4);
  fe_small(&eight, 8);
  fe_inv(&half, &two);
  fe_inv(&eighth, &eight);
  mpz_clear(e);
}

static void jacobian_from(Jacobian *r, const Point *A) {
  r->X = A->x;
  r->Y = A->y;
  r->Z = fe_one;
}

static void to_affine(Point *r, const Jacobian *T, const Fe *inverse) {
  Fe square;
  fe_sqr(&square, inverse);
  fe_mul(&r->x, &T->X, &square);
  fe_mul(&square, &square, inverse);
  fe_mul(&r->y, &T->Y, &square);
}

/* Intermediates of a doubling that its tangent uses again. */
typedef struct {
  Fe M, YY;
} Tangent;

static void double_point(Jacobian *r, const Jacobian *T, Tangent *tangent) {
  Fe S, X3, t;
  fe_sqr(&tangent->YY, &T->Y);
  fe_mul(&S, &T->X, &tangent->YY);
  fe_double(&S, &S, 2);
  fe_sqr(&t, &T->X);
  fe_double(&tangent->M, &t, 1);
  fe_add(&tangent->M, &tangent->M, &t);
  fe_mul(&t, &T->Y, &T->Z);
  fe_double(&r->Z, &t, 1);
  fe_sqr(&X3, &tangent->M);
  fe_sub(&X3, &X3, &S);
  fe_sub(&X3, &X3, &S);
  fe_sub(&S, &S, &X3);
  fe_mul(&S, &S, &tangent->M);
  fe_sqr(&t, &tangent->YY);
  fe_double(&t, &t, 3);
  fe_sub(&r->Y, &S, &t);
  r->X = X3;
}

/* T + Q with Q affine and different from +-T; *R is the chord's slope times the sum's Z. */
static void add_point(Jacobian *r, const Jacobian *T, const Point *Q, Fe *R) {
  Fe H, HH, HHH, V, t;
  fe_sqr(&t, &T->Z);
  fe_mul(&H, &Q->x, &t);
  fe_sub(&H, &H, &T->X);
  fe_mul(&t, &t, &T->Z);
  fe_mul(R, &Q->y, &t);
  fe_sub(R, R, &T->Y);
  fe_sqr(&HH, &H);
  fe_mul(&HHH, &H, &HH);
  fe_mul(&V, &T->X, &HH);
  fe_mul(&r->Z, &T->Z, &H);
  fe_mul(&t, &T->Y, &HHH);
  fe_sqr(&r->X, R);
  fe_sub(&r->X, &r->X, &HHH);
  fe_sub(&r->X, &r->X, &V);
  fe_sub(&r->X, &r->X, &V);
  fe_sub(&V, &V, &r->X);
  fe_mul(&V, &V, R);
  fe_sub(&r->Y, &V, &t);
}

static Point negated(const Point *A, int negative) {
  Point r = *A;
  if (negative) fe_neg(&r.y, &A->y);
  return r;
}

int point_on_curve(const Point *A) {
  Fe left, right;
  fe_sqr(&left, &A->y);
  fe_sqr(&right, &A->x);
  fe_mul(&right, &right, &A->x);
  fe_add(&right, &right, &fe_one);
  return fe_equal(&left, &right);
}

void point_with_y(Point *r, const mpz_t y) {
  Fe t;
  fe_from(&r->y, y);
  fe_sqr(&t, &r->y);
  fe_sub(&t, &t, &fe_one);
  fe_pow(&r->x, &t, cube_root);
}

int point_multiply(Point *r, const mpz_t scalar, const Point *A) {
  static signed char digits[MAX_DIGITS];
  int count = signed_digits(digits, scalar, 5), started = 0;
  Jacobian multiple[8], T;
  Point twice, odd[8];
  Tangent tangent;
  Fe inverses[8], scratch[8], R;
  jacobian_from(&multiple[0], A);
  double_point(&T, &multiple[0], &tangent);
  if (fe_is_zero(&T.Z)) return 0;
  fe_inv(&inverses[0], &T.Z);
  to_affine(&twice, &T, &inverses[0]);
  for (int i = 1; i < 8; i++) add_point(&multiple[i], &multiple[i - 1], &twice, &R);
  for (int i = 0; i < 8; i++) inverses[i] = multiple[i].Z;
  fe_inv_all(inverses, scratch, 8);
  for (int i = 0; i < 8; i++) to_affine(&odd[i], &multiple[i], &inverses[i]);
  for (int i = count - 1; i >= 0; i--) {
    int digit = digits[i];
    if (started) double_point(&T, &T, &tangent);
    if (digit == 0) continue;
    Point Q = negated(&odd[abs(digit) >> 1], digit < 0);
    if (started) add_point(&T, &T, &Q, &R);
    else jacobian_from(&T, &Q);
    started = 1;
  }
  if (!started || fe_is_zero(&T.Z)) return 0;
  fe_inv(&inverses[0], &T.Z);
  to_affine(r, &T, &inverses[0]);
  return 1;
}

void comb_of(Comb *r, const Point *P) {
  Point base = *P;
  Tangent tangent;
  r->rows = (int)(mpz_sizeinbase(order, 2) + 5) / 5;
  r->row = malloc((size_t)r->rows * sizeof r->row[0]);
  for (int i = 0; i < r->rows; i++) {
    Jacobian multiple[16];
    Fe inverses[16], scratch[16], R;
    jacobian_from(&multiple[0], &base);
    double_point(&multiple[1], &multiple[0], &tangent);
    for (int k = 2; k < 16; k++) add_point(&multiple[k], &multiple[k - 1], &base, &R);
    for (int k = 0; k < 16; k++) inverses[k] = multiple[k].Z;
    fe_inv_all(inverses, scratch, 16);
    for (int k = 0; k < 16; k++) to_affine(&r->row[i][k], &multiple[k], &inverses[k]);
    double_point(&multiple[0], &multiple[15], &tangent);
    fe_inv(&inverses[0], &multiple[0].Z);
    to_affine(&base, &multiple[0], &inverses[0]);
  }
}

int comb_multiply(Point *r, const Comb *comb, const mpz_t scalar) {
  Jacobian T;
  int carry = 0, started = 0;
  Fe R;
  for (int i = 0; i < comb->rows; i++) {
    int digit = carry;
    for (int bit = 0; bit < 5; bit++) digit += mpz_tstbit(scalar, (mp_bitcnt_t)(5 * i + bit)) << bit;
    carry = digit > 16;
    if (carry) digit -= 32;
    if (digit == 0) continue;
    Point Q = negated(&comb->row[i][abs(digit) - 1], digit < 0);
    if (started) add_point(&T, &T, &Q, &R);
    else jacobian_from(&T, &Q);
    started = 1;
  }
  if (!started || fe_is_zero(&T.Z)) return 0;
  fe_inv(&R, &T.Z);
  to_affine(r, &T, &R);
  return 1;
}

/* phi(B) - phi^2(B) = (X, iY): X = -(x^3+4)/(3x^2), Y = -sqrt3*y*(x^3-8)/(9x^3); 0 when x = 0. */
static int trace_zero(Point *r, const Point *B) {
  Fe xxx, inverse, t;
  fe_sqr(&xxx, &B->x);
  fe_mul(&xxx, &xxx, &B->x);
  if (fe_is_zero(&xxx)) return 0;
  fe_double(&t, &xxx, 3);
  fe_add(&t, &t, &xxx);
  fe_inv(&inverse, &t);
  fe_add(&t, &xxx, &four);
  fe_mul(&t, &t, &B->x);
  fe_mul(&t, &t, &inverse);
  fe_double(&r->x, &t, 1);
  fe_add(&r->x, &r->x, &t);
  fe_neg(&r->x, &r->x);
  fe_sub(&t, &xxx, &eight);
  fe_mul(&t, &t, &B->y);
  fe_mul(&t, &t, &minus_sqrt3);
  fe_mul(&r->y, &t, &inverse);
  return 1;
}

/* The last chord of the loop is a vertical, and left out: that it is one proves [q]A = O. */
static int last_step_is_vertical(const Jacobian *T, const Point *A) {
  Fe ZZ, t;
  if (fe_is_zero(&T->Z)) return 0;
  fe_sqr(&ZZ, &T->Z);
  fe_mul(&t, &A->x, &ZZ);
  if (!fe_equal(&t, &T->X)) return 0;
  fe_mul(&t, &ZZ, &T->Z);
  fe_mul(&t, &t, &A->y);
  if (order_digits[0] > 0) fe_neg(&t, &t);
  return fe_equal(&t, &T->Y);
}

static int miller(Fp2 *f, const Point *A, const Point *B) {
  Jacobian T, next;
  jacobian_from(&T, A);
  for (int i = order_count - 2; i >= 0; i--) {
    Tangent tangent;
    Fp2 line;
    Fe ZZ, t, R;
    double_point(&next, &T, &tangent);
    fe_sqr(&ZZ, &T.Z);
    fe_mul(&t, &ZZ, &B->x);
    fe_sub(&t, &T.X, &t);
    fe_mul(&line.re, &tangent.M, &t);
    fe_sub(&line.re, &line.re, &tangent.YY);
    fe_sub(&line.re, &line.re, &tangent.YY);
    fe_mul(&t, &next.Z, &ZZ);
    fe_mul(&line.im, &t, &B->y);
    T = next;
    if (i == order_count - 2) {
      *f = line;
    } else {
      fp2_sqr(f, f);
      fp2_mul(f, f, &line);
    }
    if (order_digits[i] == 0 || i == 0) continue;
    Point Q = negated(A, order_digits[i] < 0);
    add_point(&next, &T, &Q, &R);
    fe_sub(&t, &Q.x, &B->x);
    fe_mul(&line.re, &R, &t);
    fe_mul(&t, &next.Z, &Q.y);
    fe_sub(&line.re, &line.re, &t);
    fe_mul(&line.im, &next.Z, &B->y);
    T = next;
    fp2_mul(f, f, &line);
  }
  return last_step_is_vertical(&T, A);
}

/* (N/p) * (conj(f)/f)^(6r) by a Lucas ladder on the trace; 0 when f is real or imaginary. */
static int final_exponentiation(Fp2 *r, const Fp2 *f) {
  Fe aa, bb, ab, norm, inverse, trace, low, high, middle, t;
  fe_sqr(&aa, &f->re);
  fe_sqr(&bb, &f->im);
  fe_mul(&ab, &f->re, &f->im);
  if (fe_is_zero(&ab)) return 0;
  fe_add(&norm, &aa, &bb);
  fe_mul(&t, &norm, &ab);
  fe_inv(&inverse, &t);
  fe_sub(&t, &aa, &bb);
  fe_add(&t, &t, &t);
  fe_mul(&t, &t, &ab);
  fe_mul(&trace, &t, &inverse);
  low = two;
  high = trace;
  for (long i = (long)mpz_sizeinbase(exponent, 2) - 1; i >= 0; i--) {
    fe_mul(&middle, &low, &high);
    fe_sub(&middle, &middle, &trace);
    if (mpz_tstbit(exponent, (mp_bitcnt_t)i)) {
      low = middle;
      fe_sqr(&high, &high);
      fe_sub(&high, &high, &two);
    } else {
      high = middle;
      fe_sqr(&low, &low);
      fe_sub(&low, &low, &two);
    }
  }
  fe_mul(&r->re, &low, &half);
  fe_mul(&t, &trace, &low);
  fe_add(&high, &high, &high);
  fe_sub(&t, &high, &t);
  fe_sqr(&norm, &norm);
  fe_mul(&t, &t, &norm);
  fe_mul(&t, &t, &inverse);
  fe_mul(&r->im, &t, &eighth);
  fe_add(&norm, &aa, &bb);
  if (fe_jacobi(&norm) < 0) {
    fe_neg(&r->re, &r->re);
    fe_neg(&r->im, &r->im);
  }
  return 1;
}

int pairing(Fp2 *r, const Point *A, const Point *B) {
  Point projected;
  Fp2 f;
  return trace_zero(&projected, B) && miller(&f, A, &projected) && final_exponentiation(r, &f);
}

int lines_of(Lines *r, const Point *A) {
  static Jacobian walk[MAX_STEPS];
  static Fe inverses[MAX_STEPS], scratch[MAX_STEPS];
  Jacobian T;
  int count = 0;
  jacobian_from(&T, A);
  for (int i = order_count - 2; i >= 0; i--) {
    Tangent tangent;
    double_point(&walk[count], &T, &tangent);
    r->square_first[count] = 1;
    r->slope[count] = tangent.M;
    T = walk[count++];
    if (order_digits[i] == 0 || i == 0) continue;
    Point Q = negated(A, order_digits[i] < 0);
    add_point(&walk[count], &T, &Q, &r->slope[count]);
    r->square_first[count] = 0;
    T = walk[count++];
  }
  if (!last_step_is_vertical(&T, A)) return 0;
  for (int i = 0; i < count; i++) inverses[i] = walk[i].Z;
  fe_inv_all(inverses, scratch, count);
  Point on = *A; /* a point of the line: what the step started from */
  for (int i = 0; i < count; i++) {
    Fe t;
    fe_mul(&r->slope[i], &r->slope[i], &inverses[i]);
    fe_mul(&t, &r->slope[i], &on.x);
    fe_sub(&r->c[i], &t, &on.y);
    to_affine(&on, &walk[i], &inverses[i]);
  }
  r->count = count;
  return 1;
}

int pairing_with_lines(Fp2 *r, const Lines *lines, const Point *B) {
  Point projected;
  Fp2 f, line;
  if (!trace_zero(&projected, B)) return 0;
  line.im = projected.y;
  for (int i = 0; i < lines->count; i++) {
    fe_mul(&line.re, &lines->slope[i], &projected.x);
    fe_sub(&line.re, &lines->c[i], &line.re);
    if (i == 0) {
      f = line;
      continue;
    }
    if (lines->square_first[i]) fp2_sqr(&f, &f);
    fp2_mul(&f, &f, &line);
  }
  return final_exponentiation(r, &f);
}
