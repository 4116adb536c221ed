// SPDX-License-Identifier: MIT
#include "host/keyfile.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/crypto.h"
#include "host/entropy.h"
#include "host/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium/crypto_pwhash.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "PLKKEY01"
#define MAGIC_LEN 8
#define MAGIC_FAMILY_LEN 6 // what every version begins with
#define SALT_LEN 16
#define CHECK_LEN 8
#define SEALED_LEN (PLK_KEYFILE_KEY_LEN + PLK_TAG_LEN)
#define PLAIN_FILE_LEN (MAGIC_LEN + 1 + PLK_KEYFILE_KEY_LEN + CHECK_LEN)
#define HEAD_LEN (MAGIC_LEN + 1 + 4 + 4 + SALT_LEN + PLK_XNONCE_LEN)
#define SEALED_FILE_LEN (HEAD_LEN + SEALED_LEN)

enum { PLAIN = 0, SEALED = 1 };

_Static_assert(crypto_pwhash_SALTBYTES == SALT_LEN, "the file's layout");

static bool derive(uint8_t out[32], struct plk_bytes passphrase, const uint8_t *salt, uint32_t ops, uint32_t mem_kib) {
    return crypto_pwhash(out, 32, (const char *)passphrase.at, passphrase.len, salt, ops, (size_t)mem_kib * 1024,
                         crypto_pwhash_ALG_ARGON2ID13) == 0;
}

static bool path_of(char out[PLK_HOME_PATH_MAX], const char *home) {
    int len = snprintf(out, PLK_HOME_PATH_MAX, "%s/%s", home, PLK_KEYFILE_NAME);
    return len > 0 && len < PLK_HOME_PATH_MAX;
}

bool plk_keyfile_exists(const char *home) {
    char path[PLK_HOME_PATH_MAX];
    return path_of(path, home) && (access(path, F_OK) == 0 || errno != ENOENT);
}

// ---- reading ----------------------------------------------------------------------------------------------------------

static enum plk_fault_kind damaged(struct plk_fault *fault) {
    return plk_fault_set(fault, PLK_FAULT_CORRUPT, "the key file of this profile is damaged");
}

static enum plk_fault_kind read_plain(struct plk_bytes file, struct plk_reader *r, uint8_t *key,
                                      struct plk_fault *fault) {
    uint8_t hash[PLK_HASH_LEN];
    struct plk_bytes secret = plk_reader_take(r, PLK_KEYFILE_KEY_LEN), check = plk_reader_take(r, CHECK_LEN);
    if (!plk_reader_done(r)) return damaged(fault);
    struct plk_bytes covered = plk_bytes(file.at, PLAIN_FILE_LEN - CHECK_LEN);
    plk_hash(hash, &covered, 1);
    if (memcmp(hash, check.at, CHECK_LEN) != 0) return damaged(fault);
    memcpy(key, secret.at, PLK_KEYFILE_KEY_LEN);
    return PLK_FAULT_NONE;
}

static enum plk_fault_kind read_sealed(struct plk_bytes file, struct plk_reader *r, struct plk_bytes passphrase,
                                       uint8_t *key, struct plk_fault *fault) {
    uint32_t ops = plk_reader_u32(r), mem_kib = plk_reader_u32(r);
    struct plk_bytes salt = plk_reader_take(r, SALT_LEN), nonce = plk_reader_take(r, PLK_XNONCE_LEN);
    struct plk_bytes sealed = plk_reader_take(r, SEALED_LEN);
    if (!plk_reader_done(r) || ops < 1 || ops > PLK_KEYFILE_OPS_MAX || mem_kib < PLK_KEYFILE_MEM_KIB_MIN ||
        mem_kib > PLK_KEYFILE_MEM_KIB_MAX) {
        return damaged(fault);
    }
    if (passphrase.len == 0) {
        return plk_fault_set(fault, PLK_FAULT_WRONG_PASSPHRASE, "this profile is protected: its passphrase is needed");
    }
    uint8_t wrap[32], opened[PLK_KEYFILE_KEY_LEN];
    if (!derive(wrap, passphrase, salt.at, ops, mem_kib)) {
        return plk_fault_set(fault, PLK_FAULT_SYSTEM, "not enough memory to check the passphrase (%u MiB)",
                             mem_kib / 1024);
    }
    enum plk_err err = plk_xaead_open(opened, wrap, nonce.at, plk_bytes(file.at, HEAD_LEN), sealed);
    if (err == PLK_ERR_OK) memcpy(key, opened, sizeof opened);
    plk_mem_wipe(wrap, sizeof wrap);
    plk_mem_wipe(opened, sizeof opened);
    if (err == PLK_ERR_OK) return PLK_FAULT_NONE;
    return plk_fault_set(fault, PLK_FAULT_WRONG_PASSPHRASE, "the passphrase is wrong");
}

static enum plk_fault_kind load(const char *home, uint8_t *out, size_t cap, size_t *len, struct plk_fault *fault) {
    char path[PLK_HOME_PATH_MAX];
    if (!path_of(path, home)) return plk_fault_set(fault, PLK_FAULT_HOME, "the path of the home directory is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) return plk_fault_set(fault, PLK_FAULT_NO_STORE, "there is no profile in %s", home);
    if (fd < 0) return plk_fault_set(fault, PLK_FAULT_SYSTEM, "%s cannot be opened: %s", path, strerror(errno));
    ssize_t got = read(fd, out, cap);
    int why = errno;
    close(fd);
    if (got < 0) return plk_fault_set(fault, PLK_FAULT_SYSTEM, "%s cannot be read: %s", path, strerror(why));
    *len = (size_t)got;
    return PLK_FAULT_NONE;
}

enum plk_fault_kind plk_keyfile_read(const char *home, struct plk_bytes passphrase, uint8_t key[PLK_KEYFILE_KEY_LEN],
                                     bool *sealed, struct plk_fault *fault) {
    uint8_t bytes[SEALED_FILE_LEN + 1];
    size_t len = 0;
    enum plk_fault_kind kind = load(home, bytes, sizeof bytes, &len, fault);
    if (kind != PLK_FAULT_NONE) return kind;
    struct plk_bytes file = plk_bytes(bytes, len);
    struct plk_reader r = plk_reader(file);
    struct plk_bytes magic = plk_reader_take(&r, MAGIC_LEN);
    uint8_t form = plk_reader_u8(&r);
    if (r.failed || memcmp(magic.at, MAGIC, MAGIC_FAMILY_LEN) != 0) {
        kind = damaged(fault);
    } else if (memcmp(magic.at, MAGIC, MAGIC_LEN) != 0 || form > SEALED) {
        kind = plk_fault_set(fault, PLK_FAULT_TOO_NEW, "this profile was made by a newer version of PeerLink");
    } else if (form == PLAIN) {
        kind = read_plain(file, &r, key, fault);
    } else {
        kind = read_sealed(file, &r, passphrase, key, fault);
    }
    plk_mem_wipe(bytes, sizeof bytes);
    if (kind == PLK_FAULT_NONE) *sealed = form == SEALED;
    return kind;
}

bool plk_keyfile_sealed(const char *home) {
    uint8_t bytes[SEALED_FILE_LEN + 1];
    size_t len = 0;
    bool sealed =
        load(home, bytes, sizeof bytes, &len, NULL) == PLK_FAULT_NONE && len > MAGIC_LEN && bytes[MAGIC_LEN] == SEALED;
    plk_mem_wipe(bytes, sizeof bytes);
    return sealed;
}

void plk_keyfile_remove(const char *home) {
    char path[PLK_HOME_PATH_MAX];
    if (path_of(path, home)) unlink(path);
}

// ---- writing ----------------------------------------------------------------------------------------------------------

static void write_plain(struct plk_writer *w, const uint8_t *key) {
    uint8_t hash[PLK_HASH_LEN];
    plk_writer_u8(w, PLAIN);
    plk_writer_copy(w, key, PLK_KEYFILE_KEY_LEN);
    struct plk_bytes covered = plk_writer_bytes(w);
    plk_hash(hash, &covered, 1);
    plk_writer_copy(w, hash, CHECK_LEN);
}

// Where the machine has not the memory for the default cost, half of it, and half again; a cost that was asked for stands.
static bool write_sealed(struct plk_writer *w, const uint8_t *key, struct plk_bytes passphrase,
                         struct plk_keyfile_cost cost) {
    uint8_t salt[SALT_LEN], nonce[PLK_XNONCE_LEN], wrap[32];
    plk_entropy_bytes(salt, sizeof salt);
    plk_entropy_bytes(nonce, sizeof nonce);
    uint32_t ops = cost.ops != 0 ? cost.ops : PLK_KEYFILE_OPS;
    uint32_t mem_kib = cost.mem_kib != 0 ? cost.mem_kib : PLK_KEYFILE_MEM_KIB;
    while (!derive(wrap, passphrase, salt, ops, mem_kib)) {
        if (cost.mem_kib != 0 || mem_kib / 2 < PLK_KEYFILE_MEM_KIB / 4) return false;
        mem_kib /= 2;
    }
    plk_writer_u8(w, SEALED);
    plk_writer_u32(w, ops);
    plk_writer_u32(w, mem_kib);
    plk_writer_copy(w, salt, sizeof salt);
    plk_writer_copy(w, nonce, sizeof nonce);
    struct plk_bytes head = plk_writer_bytes(w);
    plk_assert(head.len == HEAD_LEN);
    plk_xaead_seal(plk_writer_skip(w, SEALED_LEN), wrap, nonce, head, plk_bytes(key, PLK_KEYFILE_KEY_LEN));
    plk_mem_wipe(wrap, sizeof wrap);
    return true;
}

enum plk_fault_kind plk_keyfile_write(const char *home, struct plk_bytes passphrase,
                                      const uint8_t key[PLK_KEYFILE_KEY_LEN], struct plk_keyfile_cost cost,
                                      struct plk_fault *fault) {
    if (passphrase.len > PLK_KEYFILE_PASSPHRASE_MAX) {
        return plk_fault_set(fault, PLK_FAULT_WRONG_PASSPHRASE, "the passphrase is too long (at most %d bytes)",
                             PLK_KEYFILE_PASSPHRASE_MAX);
    }
    uint8_t bytes[SEALED_FILE_LEN];
    struct plk_writer w = plk_writer(bytes, sizeof bytes);
    plk_writer_copy(&w, MAGIC, MAGIC_LEN);
    if (passphrase.len == 0) {
        write_plain(&w, key);
    } else if (!write_sealed(&w, key, passphrase, cost)) {
        return plk_fault_set(fault, PLK_FAULT_SYSTEM, "not enough memory to protect the profile with a passphrase");
    }
    plk_assert(!w.failed);
    enum plk_fault_kind kind = plk_home_replace(home, PLK_KEYFILE_NAME, plk_writer_bytes(&w), fault);
    plk_mem_wipe(bytes, sizeof bytes);
    return kind;
}
