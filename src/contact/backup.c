// SPDX-License-Identifier: MIT
#include "contact/backup.h"

#include "wire/tlv.h"

#define LABEL_KEY "PeerLink/1/contact/backup"

#define MAGIC "PLKB"
#define MAGIC_LEN 4
#define VERSION 1
#define CLEAR_LEN (MAGIC_LEN + 1 + 4)         // magic, version, length of all u32
#define HEAD_LEN (CLEAR_LEN + PLK_XNONCE_LEN) // then the sealed text
#define CONTACT_MAX \
    (PLK_RECOVERY_ROW_MAX + PLK_PLACES_LEN_MAX + 2 * PLK_NAME_MAX + PLK_ABOUT_MAX + PLK_PAYLOAD_QUEUES_MAX + 64)

// The text: items {type u8, length varint, content}, the profile first. Unknown types are passed over.
enum {
    ITEM_PROFILE = 1,
    ITEM_CONTACT = 2,
    ITEM_INVITE = 3,
    ITEM_RELAY = 4,
    ITEM_QUEUE = 5,
    ITEM_PREKEY = 6,
    ITEM_AVATAR = 7
};

// A contact's content: TLV.
enum {
    TYPE_NUMBER = 1,
    TYPE_FLAGS,
    TYPE_CREATED,
    TYPE_NAME,
    TYPE_PROFILE_NAME,
    TYPE_ABOUT,
    TYPE_PLACES,
    TYPE_RECOVERY,
    TYPE_QUEUES,
};

enum { FLAG_VERIFIED = 1, FLAG_BLOCKED = 2, FLAG_RENAMED = 4, FLAG_RELAY_ONLY = 8 };

static void put_item(struct plk_mem *mem, struct plk_buf *buf, uint8_t type, struct plk_bytes content) {
    uint8_t head[9];
    struct plk_writer w = plk_writer(head, sizeof head);
    plk_writer_u8(&w, type);
    plk_writer_varint(&w, content.len);
    plk_buf_put(mem, buf, plk_writer_bytes(&w));
    plk_buf_put(mem, buf, content);
}

// ---- writing

void plk_backup_begin(struct plk_mem *mem, struct plk_buf *buf, const struct plk_profile *profile, uint64_t now_ms) {
    uint8_t content[8 + PLK_PROFILE_ROW_MAX];
    struct plk_writer w = plk_writer(content, sizeof content);
    plk_assert(buf->len == 0);
    plk_buf_room(mem, buf, HEAD_LEN);
    plk_writer_u64(&w, now_ms);
    plk_profile_encode(&w, profile);
    plk_assert(!w.failed);
    put_item(mem, buf, ITEM_PROFILE, plk_writer_bytes(&w));
    plk_mem_wipe(content, sizeof content);
}

static void put_recovery(struct plk_writer *w, const struct plk_recovery *recovery) {
    uint8_t row[PLK_RECOVERY_ROW_MAX];
    struct plk_writer inner = plk_writer(row, sizeof row);
    plk_recovery_encode(&inner, recovery);
    plk_assert(!inner.failed);
    plk_tlv_put(w, TYPE_RECOVERY, plk_writer_bytes(&inner));
    plk_mem_wipe(row, sizeof row);
}

// A name that no reader takes would make the whole backup unreadable: what is odd is left out, the contact is not.
static void put_names(struct plk_writer *w, const struct plk_backup_contact *contact) {
    bool named = plk_name_check(contact->name) == PLK_ERR_OK;
    plk_tlv_put(w, TYPE_NAME, named ? contact->name : plk_bytes_text("contact"));
    if (plk_name_check(contact->profile_name) == PLK_ERR_OK) plk_tlv_put(w, TYPE_PROFILE_NAME, contact->profile_name);
    bool about = contact->about.len > 0 && plk_name_check_about(contact->about) == PLK_ERR_OK;
    if (about) plk_tlv_put(w, TYPE_ABOUT, contact->about);
}

void plk_backup_put_contact(struct plk_mem *mem, struct plk_buf *buf, const struct plk_backup_contact *contact) {
    uint8_t content[CONTACT_MAX];
    struct plk_writer w = plk_writer(content, sizeof content);
    plk_tlv_head(&w, TYPE_NUMBER, 4);
    plk_writer_u32(&w, contact->contact);
    plk_tlv_head(&w, TYPE_FLAGS, 1);
    plk_writer_u8(&w, (uint8_t)((contact->verified ? FLAG_VERIFIED : 0) | (contact->blocked ? FLAG_BLOCKED : 0) |
                                (contact->renamed ? FLAG_RENAMED : 0) | (contact->relay_only ? FLAG_RELAY_ONLY : 0)));
    plk_tlv_head(&w, TYPE_CREATED, 8);
    plk_writer_u64(&w, contact->created_ms);
    put_names(&w, contact);
    struct plk_places places = plk_places_usable(&contact->places, PLK_PLACES_MAX);
    plk_tlv_head(&w, TYPE_PLACES, plk_places_len(&places));
    plk_places_write(&w, &places);
    put_recovery(&w, &contact->recovery);
    if (contact->queues.len > 0) plk_tlv_put(&w, TYPE_QUEUES, contact->queues);
    plk_assert(!w.failed);
    put_item(mem, buf, ITEM_CONTACT, plk_writer_bytes(&w));
    plk_mem_wipe(content, sizeof content);
}

void plk_backup_put_invite(struct plk_mem *mem, struct plk_buf *buf, const struct plk_invite *invite) {
    uint8_t content[PLK_INVITE_KEY_LEN + PLK_INVITE_ROW_MAX];
    struct plk_writer w = plk_writer(content, sizeof content);
    plk_writer_u32(&w, invite->number);
    plk_invite_encode(&w, invite);
    plk_assert(!w.failed);
    put_item(mem, buf, ITEM_INVITE, plk_writer_bytes(&w));
    plk_mem_wipe(content, sizeof content);
}

void plk_backup_put_row(struct plk_mem *mem, struct plk_buf *buf, enum plk_backup_part part, struct plk_bytes key,
                        struct plk_bytes value) {
    struct plk_buf content = {0};
    size_t most = key.len + value.len + 8;
    plk_assert(part >= PLK_BACKUP_RELAY && part <= PLK_BACKUP_AVATAR);
    struct plk_writer w = plk_writer(plk_buf_room(mem, &content, most), most);
    plk_writer_sized(&w, key);
    plk_writer_put(&w, value);
    put_item(mem, buf, (uint8_t)(ITEM_RELAY + (part - PLK_BACKUP_RELAY)), plk_writer_bytes(&w));
    plk_buf_free(mem, &content);
}

enum plk_err plk_backup_seal(struct plk_mem *mem, struct plk_buf *buf, const uint8_t seed[PLK_SEED_LEN],
                             struct plk_rng *rng) {
    uint8_t key[32];
    plk_assert(buf->len > HEAD_LEN);
    if (buf->len + PLK_TAG_LEN > PLK_BACKUP_MAX) {
        plk_buf_free(mem, buf);
        return PLK_ERR_LIMIT;
    }
    plk_buf_room(mem, buf, PLK_TAG_LEN);
    struct plk_writer w = plk_writer(buf->at, HEAD_LEN);
    plk_writer_copy(&w, MAGIC, MAGIC_LEN);
    plk_writer_u8(&w, VERSION);
    plk_writer_u32(&w, (uint32_t)buf->len);
    uint8_t *nonce = plk_writer_skip(&w, PLK_XNONCE_LEN);
    plk_rng_bytes(rng, nonce, PLK_XNONCE_LEN);
    plk_hkdf_label(key, sizeof key, plk_bytes(seed, PLK_SEED_LEN), LABEL_KEY);
    plk_xaead_seal(buf->at + HEAD_LEN, key, nonce, plk_bytes(buf->at, CLEAR_LEN),
                   plk_bytes(buf->at + HEAD_LEN, buf->len - HEAD_LEN - PLK_TAG_LEN));
    plk_mem_wipe(key, sizeof key);
    return PLK_ERR_OK;
}

// ---- reading

static bool read_profile(struct plk_bytes content, struct plk_backup *backup) {
    struct plk_reader r = plk_reader(content);
    backup->made_ms = plk_reader_u64(&r);
    return plk_profile_decode(plk_reader_rest(&r), &backup->profile) == PLK_ERR_OK;
}

static bool read_entry(struct plk_backup_contact *c, const struct plk_tlv *entry) {
    struct plk_reader r = plk_reader(entry->value);
    uint8_t flags;
    switch (entry->type) {
    case TYPE_NUMBER:
        c->contact = plk_reader_u32(&r);
        break;
    case TYPE_FLAGS:
        flags = plk_reader_u8(&r);
        c->verified = (flags & FLAG_VERIFIED) != 0;
        c->blocked = (flags & FLAG_BLOCKED) != 0;
        c->renamed = (flags & FLAG_RENAMED) != 0;
        c->relay_only = (flags & FLAG_RELAY_ONLY) != 0;
        break;
    case TYPE_CREATED:
        c->created_ms = plk_reader_u64(&r);
        break;
    case TYPE_NAME:
        c->name = plk_reader_rest(&r);
        return plk_name_check(c->name) == PLK_ERR_OK;
    case TYPE_PROFILE_NAME:
        c->profile_name = plk_reader_rest(&r);
        return plk_name_check(c->profile_name) == PLK_ERR_OK;
    case TYPE_ABOUT:
        c->about = plk_reader_rest(&r);
        return plk_name_check_about(c->about) == PLK_ERR_OK;
    case TYPE_PLACES:
        plk_places_read(&r, &c->places, PLK_PLACES_MAX);
        break;
    case TYPE_QUEUES:
        c->queues = plk_reader_rest(&r);
        return c->queues.len <= PLK_PAYLOAD_QUEUES_MAX;
    case TYPE_RECOVERY:
        return plk_recovery_decode(plk_reader_rest(&r), &c->recovery) == PLK_ERR_OK;
    default:
        return true;
    }
    return plk_reader_done(&r);
}

static bool read_contact(struct plk_bytes content, struct plk_backup_contact *contact) {
    struct plk_reader r = plk_reader(content);
    struct plk_tlv entry = {0};
    uint64_t last = 0, met = 0;
    memset(contact, 0, sizeof *contact);
    while (plk_tlv_next(&r, &last, &entry)) {
        if (!read_entry(contact, &entry)) return false;
        if (entry.type < 64) met |= UINT64_C(1) << entry.type;
    }
    uint64_t required = 1u << TYPE_NUMBER | 1u << TYPE_NAME | 1u << TYPE_RECOVERY;
    return plk_reader_done(&r) && (met & required) == required;
}

static bool read_invite(struct plk_bytes content, struct plk_invite *invite) {
    struct plk_reader r = plk_reader(content);
    struct plk_bytes key = plk_reader_take(&r, PLK_INVITE_KEY_LEN);
    return plk_invite_decode(key, plk_reader_rest(&r), invite) == PLK_ERR_OK;
}

static bool read_row(struct plk_bytes content, struct plk_row *row) {
    struct plk_reader r = plk_reader(content);
    row->key = plk_reader_sized(&r, PLK_ROW_KEY_MAX);
    row->value = plk_reader_rest(&r);
    return !r.failed && row->key.len > 0;
}

// The next item of a known type; false when it is broken.
static bool read_item(struct plk_reader *r, struct plk_backup_item *item) {
    item->part = PLK_BACKUP_END;
    while (r->left > 0) {
        uint8_t type = plk_reader_u8(r);
        struct plk_bytes content = plk_reader_sized(r, PLK_BACKUP_MAX);
        if (r->failed || type == 0 || type == ITEM_PROFILE) return false;
        if (type == ITEM_CONTACT) {
            item->part = PLK_BACKUP_CONTACT;
            return read_contact(content, &item->contact);
        }
        if (type == ITEM_INVITE) {
            item->part = PLK_BACKUP_INVITE;
            return read_invite(content, &item->invite);
        }
        if (type >= ITEM_RELAY && type <= ITEM_AVATAR) {
            item->part = (enum plk_backup_part)(PLK_BACKUP_RELAY + (type - ITEM_RELAY));
            return read_row(content, &item->row);
        }
    }
    return true;
}

// The profile, then every item once: so that nothing is restored from half of a backup.
static enum plk_err check_text(struct plk_backup *backup) {
    struct plk_reader r = plk_reader(plk_buf_bytes(&backup->text));
    struct plk_backup_item item;
    size_t contacts = 0;
    enum plk_err err = PLK_ERR_OK;
    uint8_t type = plk_reader_u8(&r);
    struct plk_bytes profile = plk_reader_sized(&r, 8 + PLK_PROFILE_ROW_MAX);
    if (r.failed || type != ITEM_PROFILE || !read_profile(profile, backup)) return PLK_ERR_MALFORMED;
    backup->reader = r;
    do {
        if (!read_item(&r, &item)) err = PLK_ERR_MALFORMED;
        if (item.part == PLK_BACKUP_CONTACT && ++contacts > PLK_BACKUP_CONTACTS_MAX) err = PLK_ERR_LIMIT;
    } while (err == PLK_ERR_OK && item.part != PLK_BACKUP_END);
    plk_mem_wipe(&item, sizeof item);
    return err;
}

static enum plk_err judge_head(struct plk_bytes sealed) {
    struct plk_reader r = plk_reader(sealed);
    struct plk_bytes magic = plk_reader_take(&r, MAGIC_LEN);
    uint8_t version = plk_reader_u8(&r);
    uint32_t len = plk_reader_u32(&r);
    if (magic.len == 0 || memcmp(magic.at, MAGIC, MAGIC_LEN) != 0) return PLK_ERR_MALFORMED;
    if (r.failed) return PLK_ERR_CUT_OFF;
    if (version > VERSION) return PLK_ERR_TOO_NEW;
    if (len > PLK_BACKUP_MAX) return PLK_ERR_LIMIT;
    if (version == 0 || len < HEAD_LEN + PLK_TAG_LEN) return PLK_ERR_MALFORMED;
    if (sealed.len < len) return PLK_ERR_CUT_OFF;
    return sealed.len == len ? PLK_ERR_OK : PLK_ERR_MALFORMED;
}

enum plk_err plk_backup_open(struct plk_mem *mem, struct plk_bytes sealed, const uint8_t seed[PLK_SEED_LEN],
                             struct plk_backup *backup) {
    struct plk_backup made = {0};
    uint8_t key[32];
    enum plk_err err = judge_head(sealed);
    if (err != PLK_ERR_OK) return err;
    plk_hkdf_label(key, sizeof key, plk_bytes(seed, PLK_SEED_LEN), LABEL_KEY);
    plk_buf_room(mem, &made.text, sealed.len - HEAD_LEN - PLK_TAG_LEN);
    err = plk_xaead_open(made.text.at, key, sealed.at + CLEAR_LEN, plk_bytes(sealed.at, CLEAR_LEN),
                         plk_bytes(sealed.at + HEAD_LEN, sealed.len - HEAD_LEN));
    plk_mem_wipe(key, sizeof key);
    if (err == PLK_ERR_OK) err = check_text(&made);
    if (err == PLK_ERR_OK) {
        *backup = made;
    } else {
        plk_backup_free(mem, &made);
    }
    plk_mem_wipe(&made, sizeof made);
    return err;
}

void plk_backup_next(struct plk_backup *backup, struct plk_backup_item *item) {
    bool whole = read_item(&backup->reader, item);
    plk_assert(whole); // all of it was read once, when it was opened
}

void plk_backup_free(struct plk_mem *mem, struct plk_backup *backup) {
    plk_buf_free(mem, &backup->text);
    plk_mem_wipe(backup, sizeof *backup);
}
