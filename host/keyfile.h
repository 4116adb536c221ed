// SPDX-License-Identifier: MIT
// The file `key` in a home: the random data key of the store, sealed under Argon2id of the passphrase (DESIGN 5), or plain
// where the passphrase is empty. 0600; replaced atomically and synced, so that a crash leaves the old or the new one.
//
//   magic "PLKKEY01" 8 | kind u8 | plain (0):  key 32 | check 8 = SHA-512(all before)[0..8]
//                                | sealed (1): ops u32 | mem_kib u32 | salt 16 | nonce 24 | XChaCha20-Poly1305(key) 48, AAD all before
#ifndef PLK_HOST_KEYFILE_H
#define PLK_HOST_KEYFILE_H

#include "base/bytes.h"
#include "host/fault.h"

#define PLK_KEYFILE_NAME "key"
#define PLK_KEYFILE_KEY_LEN 32
#define PLK_KEYFILE_PASSPHRASE_MAX 1024   // bytes
#define PLK_KEYFILE_OPS 3                 // Argon2id: the default cost of a new file, libsodium's "moderate"
#define PLK_KEYFILE_MEM_KIB (256u * 1024) // less where the machine has not so much
#define PLK_KEYFILE_MEM_KIB_MIN 8u
#define PLK_KEYFILE_MEM_KIB_MAX (1024u * 1024) // a file that asks for more is damaged
#define PLK_KEYFILE_OPS_MAX 64u

struct plk_keyfile_cost {
    uint32_t ops, mem_kib; // 0: the default
};

bool plk_keyfile_exists(const char *home);
bool plk_keyfile_sealed(const char *home); // it exists and a passphrase protects it
void plk_keyfile_remove(const char *home); // for a store without a profile only

// Reads the key; sealed says whether a passphrase protects it. NO_STORE, WRONG_PASSPHRASE (also an empty passphrase for a
// sealed file), CORRUPT, TOO_NEW, SYSTEM. Takes up to a second where a passphrase is set; may run on any thread.
enum plk_fault_kind plk_keyfile_read(const char *home, struct plk_bytes passphrase, uint8_t key[PLK_KEYFILE_KEY_LEN],
                                     bool *sealed, struct plk_fault *fault);

// Writes key under passphrase (empty: plain), replacing what is there. HOME, FULL, SYSTEM.
enum plk_fault_kind plk_keyfile_write(const char *home, struct plk_bytes passphrase,
                                      const uint8_t key[PLK_KEYFILE_KEY_LEN], struct plk_keyfile_cost cost,
                                      struct plk_fault *fault);

#endif
