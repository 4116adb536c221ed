// SPDX-License-Identifier: MIT
// Versions and suite of PL1. The minimum and maximum of both sides are bound into every transcript; below the floor is
// refused (DESIGN 3).
#ifndef PLK_WIRE_VERSION_H
#define PLK_WIRE_VERSION_H

#include "base/err.h"
#include "base/mem.h"
#include "base/reader.h"

#define PLK_VERSION_MIN 1
#define PLK_VERSION_MAX 1
#define PLK_SUITE 1 // X25519, Ed25519, SHA-512, ChaCha20-Poly1305, XChaCha20-Poly1305; KEM slot optional, ML-KEM-768

// What this build can say to a peer that speaks min .. max: OK and the version in *version, TOO_OLD or TOO_NEW (as seen
// from here), or MALFORMED when min is 0 or above max.
static inline enum plk_err plk_version_meet(uint8_t min, uint8_t max, uint8_t *version) {
    if (min == 0 || min > max) return PLK_ERR_MALFORMED;
    if (max < PLK_VERSION_MIN) return PLK_ERR_TOO_OLD;
    if (min > PLK_VERSION_MAX) return PLK_ERR_TOO_NEW;
    *version = max < PLK_VERSION_MAX ? max : PLK_VERSION_MAX;
    return PLK_ERR_OK;
}

// The same, out of the two bytes with which a greeting begins. Bytes that are not there are 0: MALFORMED.
static inline enum plk_err plk_version_read(struct plk_reader *r, uint8_t *min, uint8_t *max) {
    uint8_t version;
    *min = plk_reader_u8(r);
    *max = plk_reader_u8(r);
    return plk_version_meet(*min, *max, &version);
}

#endif
