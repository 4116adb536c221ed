// SPDX-License-Identifier: MIT
// The handshake state machine of Noise revision 34 (section 5). The patterns are in noise/pattern.c.
#include "noise/noise.h"

#include "base/reader.h"
#include "base/writer.h"
#include "noise/pattern.h"

// Section 5.2, MixHash.
static void mix_hash(struct plk_noise *n, struct plk_bytes data) {
    struct plk_bytes parts[2] = {plk_bytes(n->h, sizeof n->h), data};
    uint8_t h[PLK_HASH_LEN];
    plk_hash(h, parts, 2);
    memcpy(n->h, h, sizeof h);
}

// Section 4.3, HKDF with 64-byte outputs; third may be NULL. first may be the chaining key's own place.
static void noise_hkdf(const uint8_t ck[PLK_HASH_LEN], struct plk_bytes input, uint8_t *first, uint8_t *second,
                       uint8_t *third) {
    uint8_t temp[PLK_HASH_LEN], one[PLK_HASH_LEN], number = 1;
    plk_hmac(temp, plk_bytes(ck, PLK_HASH_LEN), &input, 1);
    struct plk_bytes key = plk_bytes(temp, sizeof temp), parts[2] = {plk_bytes(&number, 1)};
    plk_hmac(one, key, parts, 1);
    parts[0] = plk_bytes(one, sizeof one);
    parts[1] = plk_bytes(&number, 1);
    number = 2;
    plk_hmac(second, key, parts, 2);
    if (third != NULL) {
        parts[0] = plk_bytes(second, PLK_HASH_LEN);
        number = 3;
        plk_hmac(third, key, parts, 2);
    }
    memcpy(first, one, sizeof one);
    plk_mem_wipe(temp, sizeof temp);
    plk_mem_wipe(one, sizeof one);
}

static void set_key(struct plk_noise *n, const uint8_t *key) {
    memcpy(n->k, key, sizeof n->k); // a 64-byte output is cut to 32 (section 5.2)
    n->has_k = true;
    n->n = 0;
}

static void mix_key(struct plk_noise *n, struct plk_bytes input) {
    uint8_t key[PLK_HASH_LEN];
    noise_hkdf(n->ck, input, n->ck, key, NULL);
    set_key(n, key);
    plk_mem_wipe(key, sizeof key);
}

// Section 9.2, the psk token.
static void mix_psk(struct plk_noise *n) {
    uint8_t hash[PLK_HASH_LEN], key[PLK_HASH_LEN];
    noise_hkdf(n->ck, plk_bytes(n->psk, sizeof n->psk), n->ck, hash, key);
    mix_hash(n, plk_bytes(hash, sizeof hash));
    set_key(n, key);
    plk_mem_wipe(hash, sizeof hash);
    plk_mem_wipe(key, sizeof key);
}

static void mix_public(struct plk_noise *n, const uint8_t public[32]) {
    mix_hash(n, plk_bytes(public, 32));
    if (n->psk_mode) mix_key(n, plk_bytes(public, 32)); // section 9.2: so that a psk never meets one nonce twice
}

static size_t tag_len(const struct plk_noise *n) { return n->has_k ? PLK_TAG_LEN : 0; }

// Section 5.2, EncryptAndHash: writes text.len + tag_len bytes.
static void encrypt_and_hash(struct plk_noise *n, struct plk_bytes text, uint8_t *out) {
    size_t sealed_len = text.len + tag_len(n);
    if (n->has_k) {
        plk_aead_seal(out, n->k, n->n++, plk_bytes(n->h, sizeof n->h), text);
    } else if (text.len > 0) {
        memmove(out, text.at, text.len);
    }
    mix_hash(n, plk_bytes(out, sealed_len));
}

static enum plk_err decrypt_and_hash(struct plk_noise *n, struct plk_bytes sealed, uint8_t *out) {
    uint8_t h[PLK_HASH_LEN];
    memcpy(h, n->h, sizeof h);
    mix_hash(n, sealed); // before opening: out may be the same place
    if (n->has_k) return plk_aead_open(out, n->k, n->n++, plk_bytes(h, sizeof h), sealed);
    if (sealed.len > 0) memmove(out, sealed.at, sealed.len);
    return PLK_ERR_OK;
}

static enum plk_err mix_dh(struct plk_noise *n, const uint8_t secret[32], const uint8_t public[32]) {
    uint8_t shared[32];
    enum plk_err err = plk_dh(shared, secret, public);
    if (err == PLK_ERR_OK) mix_key(n, plk_bytes(shared, sizeof shared));
    plk_mem_wipe(shared, sizeof shared);
    return err;
}

// The tokens that read and write alike. The first letter is the initiator's key, the second the responder's.
static enum plk_err mix_token(struct plk_noise *n, char token) {
    switch (token) {
    case PLK_PATTERN_EE:
        return mix_dh(n, n->e, n->re);
    case PLK_PATTERN_SS:
        return mix_dh(n, n->s, n->rs);
    case PLK_PATTERN_ES:
        return n->initiator ? mix_dh(n, n->e, n->rs) : mix_dh(n, n->s, n->re);
    case PLK_PATTERN_SE:
        return n->initiator ? mix_dh(n, n->s, n->re) : mix_dh(n, n->e, n->rs);
    default:
        plk_assert(token == PLK_PATTERN_PSK);
        mix_psk(n);
        return PLK_ERR_OK;
    }
}

static void load_key(uint8_t to[32], bool *has, const uint8_t *from) {
    *has = from != NULL;
    if (from != NULL) memcpy(to, from, 32);
}

static void load_public(uint8_t to[32], const uint8_t *known, const uint8_t secret[32]) {
    if (known != NULL) {
        memcpy(to, known, 32);
    } else {
        plk_dh_public(to, secret);
    }
}

static void load_keys(struct plk_noise *n, const struct plk_noise_keys *keys) {
    load_key(n->s, &n->has_s, keys->s);
    load_key(n->e, &n->has_e, keys->e);
    load_key(n->rs, &n->has_rs, keys->rs);
    load_key(n->psk, &n->has_psk, keys->psk);
    if (n->has_s) load_public(n->s_public, keys->s_public, n->s);
    if (n->has_e) load_public(n->e_public, keys->e_public, n->e);
}

// Section 5.3, Initialize: the name, the prologue, then the initiator's and the responder's known static.
static void begin(struct plk_noise *n, const char *name, struct plk_bytes prologue) {
    struct plk_bytes text = plk_bytes_text(name);
    if (text.len <= sizeof n->h) {
        memcpy(n->h, text.at, text.len);
    } else {
        plk_hash(n->h, &text, 1);
    }
    memcpy(n->ck, n->h, sizeof n->ck);
    mix_hash(n, prologue);
    const struct plk_pattern *pattern = n->pattern;
    if (pattern->initiator_known) mix_hash(n, plk_bytes(n->initiator ? n->s_public : n->rs, 32));
    if (pattern->responder_known) mix_hash(n, plk_bytes(n->initiator ? n->rs : n->s_public, 32));
}

enum plk_err plk_noise_init(struct plk_noise *n, const char *name, bool initiator, const struct plk_noise_keys *keys) {
    *n = (struct plk_noise){.initiator = initiator};
    struct plk_pattern_choice choice;
    if (!plk_pattern_find(name, &choice)) return PLK_ERR_UNSUPPORTED;
    n->pattern = choice.pattern;
    n->psk_place = choice.psk_place;
    n->psk_mode = choice.psk_place >= 0;
    bool own_known = initiator ? choice.pattern->initiator_known : choice.pattern->responder_known;
    bool peer_known = initiator ? choice.pattern->responder_known : choice.pattern->initiator_known;
    bool missing = (n->psk_mode && keys->psk == NULL) || (peer_known && keys->rs == NULL) ||
                   (keys->s == NULL && (own_known || plk_pattern_sends_static(choice.pattern, initiator))) ||
                   (keys->e == NULL && plk_pattern_sends(choice.pattern, initiator));
    if (missing) return PLK_ERR_INVALID;
    load_keys(n, keys);
    n->has_rs = peer_known; // otherwise it comes in a message
    begin(n, name, keys->prologue);
    return PLK_ERR_OK;
}

size_t plk_noise_overhead(const struct plk_noise *n) {
    if (n->done || n->failed) return 0;
    char tokens[PLK_PATTERN_TOKENS];
    plk_pattern_tokens(n->pattern, n->psk_place, n->message, tokens);
    size_t len = 0;
    bool has_k = n->has_k;
    for (const char *token = tokens; *token != '\0'; token++) {
        if (*token == PLK_PATTERN_E) {
            len += 32;
            has_k = has_k || n->psk_mode;
        } else if (*token == PLK_PATTERN_S) {
            len += 32 + (has_k ? PLK_TAG_LEN : 0);
        } else {
            has_k = true;
        }
    }
    return len + (has_k ? PLK_TAG_LEN : 0);
}

// The initiator writes messages 0, 2, .., the responder the others.
static bool is_turn_to_write(const struct plk_noise *n) { return (n->message % 2 == 0) == n->initiator; }

static void next_message(struct plk_noise *n) {
    n->message++;
    n->done = n->message == plk_pattern_messages(n->pattern);
}

static enum plk_err write_tokens(struct plk_noise *n, const char *tokens, struct plk_writer *w) {
    for (; *tokens != '\0'; tokens++) {
        enum plk_err err = PLK_ERR_OK;
        if (*tokens == PLK_PATTERN_E) {
            plk_writer_copy(w, n->e_public, 32);
            mix_public(n, n->e_public);
        } else if (*tokens == PLK_PATTERN_S) {
            uint8_t *room = plk_writer_skip(w, 32 + tag_len(n));
            encrypt_and_hash(n, plk_bytes(n->s_public, 32), room);
        } else {
            err = mix_token(n, *tokens);
        }
        if (err != PLK_ERR_OK) return err;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_noise_write(struct plk_noise *n, struct plk_bytes payload, uint8_t *out, size_t *out_len) {
    *out_len = 0;
    if (n->done || n->failed || !is_turn_to_write(n)) return PLK_ERR_INVALID;
    size_t len = payload.len + plk_noise_overhead(n);
    if (len > PLK_NOISE_MESSAGE_MAX) return PLK_ERR_TOO_LONG;
    char tokens[PLK_PATTERN_TOKENS];
    plk_pattern_tokens(n->pattern, n->psk_place, n->message, tokens);
    struct plk_writer w = plk_writer(out, len);
    enum plk_err err = write_tokens(n, tokens, &w);
    if (err != PLK_ERR_OK) {
        n->failed = true;
        return err;
    }
    encrypt_and_hash(n, payload, plk_writer_skip(&w, payload.len + tag_len(n)));
    *out_len = w.len;
    next_message(n);
    return PLK_ERR_OK;
}

static enum plk_err read_tokens(struct plk_noise *n, const char *tokens, struct plk_reader *r) {
    for (; *tokens != '\0'; tokens++) {
        enum plk_err err = PLK_ERR_OK;
        if (*tokens == PLK_PATTERN_E) {
            plk_reader_copy(r, n->re, 32);
            n->has_re = true;
            mix_public(n, n->re);
        } else if (*tokens == PLK_PATTERN_S) {
            struct plk_bytes sealed = plk_reader_take(r, 32 + tag_len(n));
            err = decrypt_and_hash(n, sealed, n->rs);
            n->has_rs = err == PLK_ERR_OK;
        } else {
            err = mix_token(n, *tokens);
        }
        if (err != PLK_ERR_OK) return err;
    }
    return PLK_ERR_OK;
}

enum plk_err plk_noise_read(struct plk_noise *n, struct plk_bytes message, uint8_t *out, size_t *out_len) {
    *out_len = 0;
    if (n->done || n->failed || is_turn_to_write(n)) return PLK_ERR_INVALID;
    size_t overhead = plk_noise_overhead(n);
    n->failed = true; // until all of it holds
    if (message.len < overhead) return PLK_ERR_CUT_OFF;
    if (message.len > PLK_NOISE_MESSAGE_MAX) return PLK_ERR_TOO_LONG;
    char tokens[PLK_PATTERN_TOKENS];
    plk_pattern_tokens(n->pattern, n->psk_place, n->message, tokens);
    struct plk_reader r = plk_reader(message);
    enum plk_err err = read_tokens(n, tokens, &r);
    if (err == PLK_ERR_OK) err = decrypt_and_hash(n, plk_reader_rest(&r), out);
    if (err != PLK_ERR_OK) return err;
    *out_len = message.len - overhead;
    n->failed = false;
    next_message(n);
    return PLK_ERR_OK;
}

const uint8_t *plk_noise_ephemeral(const struct plk_noise *n) { return n->e_public; }

void plk_noise_split(const struct plk_noise *n, uint8_t send[32], uint8_t recv[32]) {
    plk_assert(n->done && !n->failed);
    uint8_t first[PLK_HASH_LEN], second[PLK_HASH_LEN];
    noise_hkdf(n->ck, plk_bytes(NULL, 0), first, second, NULL);
    memcpy(send, n->initiator ? first : second, 32);
    memcpy(recv, n->initiator ? second : first, 32);
    plk_mem_wipe(first, sizeof first);
    plk_mem_wipe(second, sizeof second);
}

void plk_noise_export(const struct plk_noise *n, const char *label, uint8_t *out, size_t out_len) {
    plk_assert(n->done && !n->failed);
    plk_hkdf_label(out, out_len, plk_bytes(n->ck, sizeof n->ck), label);
}

const uint8_t *plk_noise_hash(const struct plk_noise *n) { return n->h; }

void plk_noise_wipe(struct plk_noise *n) { plk_mem_wipe(n, sizeof *n); }
