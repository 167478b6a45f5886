/* Numbers as most of them are in JSON, with few digits: faster than the ways that are right for all,
 * which remain for the rest. */

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "dtoa.h"

/* Powers of ten up to 22, and integers below 2^53, are exact as doubles, so their quotient is rounded
 * once: it is the nearest double (W. D. Clinger, "How to read floating point numbers accurately"). */
enum { EXACT_DIGITS = 15 };
static const double powers_of_ten[EXACT_DIGITS + 1] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
};

/* The value of a number that has the form JSON wants. */
static inline double number_from_json(const uint8_t *start, const uint8_t *end) {
    const uint8_t *p = start;
    bool negative = *p == '-', fraction = false;
    if (negative)
        p++;
    /* A dot may be among them. */
    if (end - p > EXACT_DIGITS + 1)
        return strtod((const char *)start, NULL);
    uint64_t digits = 0;
    uint32_t places = 0;
    for (; p < end; p++) {
        if (*p >= '0' && *p <= '9') {
            digits = digits * 10 + (*p - '0');
            places += fraction;
        } else if (*p == '.') {
            fraction = true;
        } else {
            return strtod((const char *)start, NULL);
        }
    }
    if (digits >= (uint64_t)powers_of_ten[EXACT_DIGITS])
        return strtod((const char *)start, NULL);
    double value = (double)digits / powers_of_ten[places];
    return negative ? -value : value;
}

/* Writes a number that has few decimal places, and returns the end; NULL for any other. The fewest
 * places whose quotient is the number again: of two decimals of up to fifteen digits no double is the
 * nearest to both, so this is the shortest, and the only one of its length. */
static inline char *short_decimal(char *q, double d) {
    enum { MOST_PLACES = 6 };
    /* Below, exponents are written. */
    if (!(d >= 1e-6 && d < 1e14))
        return NULL;
    for (int places = 1; places <= MOST_PLACES; places++) {
        double scaled = d * powers_of_ten[places] + 0.5;
        if (scaled >= powers_of_ten[EXACT_DIGITS])
            return NULL;
        uint64_t digits = (uint64_t)scaled;
        if ((double)digits / powers_of_ten[places] != d)
            continue;
        uint64_t unit = (uint64_t)powers_of_ten[places];
        q += u64toa(q, digits / unit);
        *q++ = '.';
        digits %= unit;
        for (int i = places; i > 0; i--) {
            q[i - 1] = '0' + digits % 10;
            digits /= 10;
        }
        return q + places;
    }
    return NULL;
}
