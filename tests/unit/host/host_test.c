// SPDX-License-Identifier: MIT
// Two hosts in one process, on loopback, with real sockets and stores.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <uv.h>

#include "host/host.h"
#include "support/tempdir.h"

#define PATIENCE_MS 20000 // a failure, not a wait: everything here takes milliseconds

struct person {
    char home[64];
    bool no_udp;
    struct plk_host *host;
    enum plk_node_state state;
    unsigned messages, states, results, stalls, resumes, losses;
    struct plk_fault fault;
    enum plk_state last_state;
    enum plk_err err;
    uint32_t contact;
    char text[PLK_LINK_TEXT_MAX + 1];
    size_t text_len;
};

static void on_state(void *ctx, enum plk_node_state state) { ((struct person *)ctx)->state = state; }

static void on_event(void *ctx, const struct plk_output *output) {
    struct person *person = ctx;
    if (output->event.row.kind == PLK_EVENT_MESSAGE) person->messages++;
    if (output->event.row.kind == PLK_EVENT_STATE) {
        person->states++;
        person->last_state = output->event.row.state;
    }
}

static void on_result(void *ctx, const struct plk_output *output) {
    struct person *person = ctx;
    person->results++;
    person->err = output->result.err;
    person->contact = output->result.contact;
    person->text_len = output->result.text.len;
    assert_true(person->text_len < sizeof person->text);
    if (person->text_len > 0) memcpy(person->text, output->result.text.at, person->text_len);
    person->text[person->text_len] = '\0';
}

static void on_stalled(void *ctx, bool stalled) {
    struct person *person = ctx;
    person->stalls += stalled;
    person->resumes += !stalled;
}

static void on_lost(void *ctx, const struct plk_fault *fault) {
    struct person *person = ctx;
    person->losses++;
    person->fault = *fault;
}

static enum plk_fault_kind open_person(struct person *person, const char *listen, struct plk_fault *fault) {
    struct plk_host_config config = {
        .home = person->home,
        .create = true,
        .listen = listen,
        .no_udp = person->no_udp,
        .log = {.fd = -1},
        .on = {.state = on_state, .event = on_event, .stalled = on_stalled, .lost = on_lost},
        .ctx = person};
    person->state = PLK_NODE_LOADING;
    return plk_host_open(&person->host, &config, fault);
}

static void turn(struct person *person) { uv_run(plk_host_loop(person->host), UV_RUN_NOWAIT); }

// Runs both until the condition holds.
#define UNTIL(a, b, condition)                                                  \
    do {                                                                        \
        uint64_t until_ns = uv_hrtime() + PATIENCE_MS * UINT64_C(1000000);      \
        while (!(condition)) {                                                  \
            turn(a);                                                            \
            turn(b);                                                            \
            if (uv_hrtime() > until_ns) fail_msg("never came: %s", #condition); \
        }                                                                       \
    } while (0)

static void command(struct person *person, struct person *other, struct plk_command command) {
    unsigned before = person->results;
    assert_int_equal(plk_host_command(person->host, &command, on_result, person), PLK_ERR_OK);
    assert_int_equal(person->results, before); // never from within
    UNTIL(person, other, person->results == before + 1);
}

static void begin(struct person *person, const char *listen, bool no_udp) {
    struct plk_fault fault = {.line = ""};
    memset(person, 0, sizeof *person);
    person->no_udp = no_udp;
    tempdir_make(person->home);
    if (open_person(person, listen, &fault) != PLK_FAULT_NONE) fail_msg("%s", fault.line);
}

static void end(struct person *person) {
    assert_true(plk_host_close(person->host));
    tempdir_remove(person->home);
}

static void make_profile(struct person *person, struct person *other, const char *name) {
    UNTIL(person, other, person->state == PLK_NODE_EMPTY);
    command(person, other, (struct plk_command){.kind = PLK_CMD_INIT, .name = plk_bytes_text(name)});
    assert_int_equal(person->err, PLK_ERR_OK);
    UNTIL(person, other, person->state == PLK_NODE_READY);
}

static void become_contacts(struct person *alice, struct person *bob) {
    make_profile(alice, bob, "Alice");
    make_profile(bob, alice, "Bob");
    command(alice, bob, (struct plk_command){.kind = PLK_CMD_INVITE, .invite_kind = PLK_INVITE_INLINE});
    assert_int_equal(alice->err, PLK_ERR_OK);
    command(bob, alice, (struct plk_command){.kind = PLK_CMD_ADD, .text = plk_bytes(alice->text, alice->text_len)});
    assert_int_equal(bob->err, PLK_ERR_OK);
}

static void say(struct person *from, struct person *to, uint32_t contact, const char *text) {
    unsigned before = to->messages;
    from->last_state = PLK_STATE_QUEUED;
    command(from, to, (struct plk_command){.kind = PLK_CMD_SEND, .contact = contact, .text = plk_bytes_text(text)});
    assert_int_equal(from->err, PLK_ERR_OK);
    UNTIL(from, to, to->messages == before + 1 && from->last_state == PLK_STATE_DELIVERED);
    struct plk_history_page page;
    struct plk_history_query query = {.contact = 1, .limit = 1};
    assert_int_equal(plk_history_read(plk_host_history(to->host), &query, &page), PLK_ERR_OK);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.rows[0].payload.len, strlen(text));
    assert_memory_equal(page.rows[0].payload.at, text, strlen(text));
    plk_history_page_free(&page);
}

static void they_talk(const char *listen, bool no_udp) {
    struct person alice, bob;
    begin(&alice, listen, no_udp);
    begin(&bob, listen, no_udp);
    become_contacts(&alice, &bob);
    say(&bob, &alice, 1, "hello");
    say(&alice, &bob, 1, "hello yourself");
    struct plk_contact_view view;
    assert_int_equal(plk_node_contact(plk_host_node(bob.host), 1, &view), PLK_ERR_OK);
    assert_true(view.online);
    assert_int_equal(view.transport, no_udp ? PLK_TCP : PLK_UDP);
    end(&alice);
    end(&bob);
}

static void two_hosts_talk_over_ipv4(void **state) {
    (void)state;
    they_talk("127.0.0.1:0", false);
}

static void two_hosts_talk_over_ipv6(void **state) {
    (void)state;
    they_talk("[::1]:0", false);
}

static void two_hosts_talk_over_tcp(void **state) {
    (void)state;
    they_talk("127.0.0.1:0", true);
}

static void a_conversation_goes_on_after_a_restart(void **state) {
    (void)state;
    struct person alice, bob;
    struct plk_fault fault;
    begin(&alice, NULL, false);
    begin(&bob, NULL, false);
    become_contacts(&alice, &bob);
    say(&bob, &alice, 1, "before");
    unsigned long port = plk_home_number_read(bob.home, "port");
    assert_true(port >= 10240 && port <= 32767);
    assert_true(plk_host_close(bob.host));
    assert_int_equal(open_person(&bob, NULL, &fault), PLK_FAULT_NONE);
    struct plk_host_status status;
    plk_host_status(bob.host, &status);
    assert_int_equal(status.udp4_port, port); // chosen once
    assert_int_equal(status.tcp_port, port);
    assert_false(status.encrypted);
    UNTIL(&alice, &bob, bob.state == PLK_NODE_READY);
    say(&bob, &alice, 1, "after");
    say(&alice, &bob, 1, "indeed");
    end(&alice);
    end(&bob);
}

static void send_nth(struct person *from, unsigned n) {
    char text[64];
    snprintf(text, sizeof text, "message number %u", n);
    struct plk_command send = {.kind = PLK_CMD_SEND, .contact = 1, .text = plk_bytes_text(text)};
    assert_int_equal(plk_host_command(from->host, &send, on_result, from), PLK_ERR_OK);
}

// The last count messages are the numbered ones, in order.
static void expect_numbered(struct person *person, unsigned count) {
    uint64_t before = 0;
    for (unsigned left = count; left > 0;) {
        struct plk_history_page page;
        struct plk_history_query query = {.contact = 1, .limit = left < 500 ? left : 500, .before_row = before};
        assert_int_equal(plk_history_read(plk_host_history(person->host), &query, &page), PLK_ERR_OK);
        assert_int_equal(page.count, query.limit);
        for (size_t i = page.count; i > 0; i--) {
            char text[64];
            snprintf(text, sizeof text, "message number %u", --left);
            assert_int_equal(page.rows[i - 1].payload.len, strlen(text));
            assert_memory_equal(page.rows[i - 1].payload.at, text, strlen(text));
        }
        before = page.next_before;
        plk_history_page_free(&page);
    }
}

// More than any buffer holds: batches are gathered, windows open and close, nothing is lost on the way.
static void many_messages_all_arrive(void **state) {
    (void)state;
    struct person alice, bob;
    begin(&alice, "127.0.0.1:0", false);
    begin(&bob, "127.0.0.1:0", false);
    become_contacts(&alice, &bob);
    say(&bob, &alice, 1, "the first");
    unsigned before = alice.messages, results = bob.results;
    for (unsigned n = 0; n < 3000; n++) {
        UNTIL(&bob, &alice, n - (bob.results - results) < 100);
        assert_int_equal(bob.err, PLK_ERR_OK);
        send_nth(&bob, n);
    }
    UNTIL(&alice, &bob, alice.messages == before + 3000);
    expect_numbered(&alice, 3000);
    expect_numbered(&bob, 3000);
    struct plk_host_status status;
    plk_host_status(bob.host, &status);
    assert_int_equal(status.send_dropped, 0);
    end(&alice);
    end(&bob);
}

static void limit_files(rlim_t bytes) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes == 0 ? limit.rlim_max : bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

// A result waits for the disk, however long it is full; what came before still arrives, in order.
static void a_full_disk_is_waited_for(void **state) {
    (void)state;
    struct person alice;
    begin(&alice, "127.0.0.1:0", false);
    make_profile(&alice, &alice, "Alice");
    signal(SIGXFSZ, SIG_IGN);
    limit_files(4096);
    unsigned before = alice.results;
    struct plk_command rename = {.kind = PLK_CMD_PROFILE, .name = plk_bytes_text("Alicia")};
    assert_int_equal(plk_host_command(alice.host, &rename, on_result, &alice), PLK_ERR_OK);
    UNTIL(&alice, &alice, alice.stalls == 1);
    assert_int_equal(alice.results, before);
    struct plk_host_status status;
    plk_host_status(alice.host, &status);
    assert_true(status.stalled);
    limit_files(0);
    UNTIL(&alice, &alice, alice.results == before + 1);
    assert_int_equal(alice.err, PLK_ERR_OK);
    assert_int_equal(alice.stalls, 1);
    assert_int_equal(alice.resumes, 1);
    end(&alice);
}

// Pages that cannot be read are met while the node loads: tried once more, then given up with one line.
static void a_damaged_store_ends_in_one_line(void **state) {
    (void)state;
    struct person alice;
    char path[128];
    begin(&alice, "127.0.0.1:0", false);
    make_profile(&alice, &alice, "Alice");
    struct plk_host_status status;
    plk_host_status(alice.host, &status);
    assert_true(plk_host_close(alice.host));
    if (!status.can_encrypt) skip(); // pages carry a tag only then
    snprintf(path, sizeof path, "%s/store.db", alice.home);
    int fd = open(path, O_RDWR);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t page = 1; page * 4096 < st.st_size; page++)
        assert_int_equal(pwrite(fd, "damage", 6, page * 4096 + 100), 6);
    close(fd);
    assert_int_equal(open_person(&alice, "127.0.0.1:0", &alice.fault), PLK_FAULT_NONE);
    struct plk_command rename = {.kind = PLK_CMD_PROFILE, .name = plk_bytes_text("Alicia")};
    unsigned results = alice.results;
    assert_int_equal(plk_host_command(alice.host, &rename, on_result, &alice), PLK_ERR_OK);
    UNTIL(&alice, &alice, alice.losses == 1);
    assert_int_equal(alice.fault.kind, PLK_FAULT_CORRUPT);
    UNTIL(&alice, &alice, alice.results == results + 1);
    assert_int_equal(alice.err, PLK_ERR_CLOSED);
    struct plk_history_page page;
    struct plk_history_query query = {.contact = 1, .limit = 1};
    plk_history_read(plk_host_history(alice.host), &query, &page); // whatever it answers, it can be asked
    plk_history_page_free(&page);
    assert_false(plk_host_close(alice.host));
    assert_int_equal(alice.losses, 1);
    tempdir_remove(alice.home);
}

static void a_home_is_used_once(void **state) {
    (void)state;
    struct person alice, again;
    struct plk_fault fault;
    long pid;
    begin(&alice, "127.0.0.1:0", false);
    again = alice;
    assert_int_equal(open_person(&again, "127.0.0.1:0", &fault), PLK_FAULT_IN_USE);
    assert_null(again.host);
    assert_true(strlen(fault.line) > 0);
    assert_true(plk_home_running(alice.home, &pid));
    assert_int_equal(pid, getpid());
    assert_true(plk_host_close(alice.host));
    assert_false(plk_home_running(alice.home, &pid));
    assert_int_equal(open_person(&alice, "127.0.0.1:0", &fault), PLK_FAULT_NONE);
    end(&alice);
}

static void a_port_that_is_taken_is_said(void **state) {
    (void)state;
    struct person alice, bob;
    struct plk_fault fault;
    struct plk_host_status status;
    char listen[32];
    begin(&alice, "127.0.0.1:0", false);
    plk_host_status(alice.host, &status);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", status.udp4_port);
    memset(&bob, 0, sizeof bob);
    tempdir_make(bob.home);
    assert_int_equal(open_person(&bob, listen, &fault), PLK_FAULT_LISTEN);
    assert_int_equal(open_person(&bob, "not an address", &fault), PLK_FAULT_LISTEN);
    assert_int_equal(open_person(&bob, "192.0.2.77:7000", &fault), PLK_FAULT_LISTEN);
    tempdir_remove(bob.home);
    end(&alice);
}

static void an_empty_home_can_be_protected(void **state) {
    (void)state;
    struct person alice;
    struct plk_fault fault;
    begin(&alice, "127.0.0.1:0", false);
    UNTIL(&alice, &alice, alice.state == PLK_NODE_EMPTY);
    struct plk_history *history = plk_host_history(alice.host);
    assert_int_equal(plk_host_protect(alice.host, plk_bytes_text("correct horse"), &fault), PLK_FAULT_NONE);
    assert_ptr_equal(plk_host_history(alice.host), history);
    alice.state = PLK_NODE_LOADING;
    command(&alice, &alice, (struct plk_command){.kind = PLK_CMD_INIT, .name = plk_bytes_text("Alice")});
    assert_int_equal(alice.err, PLK_ERR_OK);
    struct plk_host_status status;
    plk_host_status(alice.host, &status);
    assert_true(status.encrypted);
    assert_int_equal(plk_host_protect(alice.host, plk_bytes_text("other"), &fault), PLK_FAULT_IN_USE);
    assert_true(plk_host_close(alice.host));
    assert_int_equal(open_person(&alice, "127.0.0.1:0", &fault), PLK_FAULT_WRONG_PASSPHRASE);
    tempdir_remove(alice.home);
}

static void on_tried(void *ctx, const struct plk_fault *fault) {
    struct person *person = ctx;
    person->fault = *fault;
    person->results++;
}

static enum plk_fault_kind tries(struct person *person, const char *passphrase) {
    unsigned before = person->results;
    struct plk_bytes text = plk_bytes_text(passphrase);
    assert_int_equal(plk_host_try(person->host, text, on_tried, person), PLK_ERR_OK);
    assert_int_equal(plk_host_try(person->host, text, on_tried, person), PLK_ERR_BUSY);
    UNTIL(person, person, person->results == before + 1);
    return person->fault.kind;
}

static void a_profile_is_locked_and_unlocked(void **state) {
    struct person alice, bob;
    struct plk_fault fault = {.line = ""};
    (void)state;
    begin(&alice, "127.0.0.1:0", false);
    begin(&bob, "127.0.0.1:0", false);
    UNTIL(&alice, &bob, alice.state == PLK_NODE_EMPTY && bob.state == PLK_NODE_EMPTY);
    if (plk_host_protect(alice.host, plk_bytes_text("correct horse"), &fault) == PLK_FAULT_UNSUPPORTED) skip();
    UNTIL(&alice, &bob, plk_node_state(plk_host_node(alice.host)) == PLK_NODE_EMPTY);
    become_contacts(&alice, &bob);
    assert_int_equal(plk_host_lock(bob.host, &fault), PLK_FAULT_UNSUPPORTED); // nobody could open it again
    assert_int_equal(plk_host_lock(alice.host, &fault), PLK_FAULT_NONE);
    assert_true(plk_host_locked(alice.host) && plk_host_node(alice.host) == NULL);
    // What comes meanwhile is dropped, what is asked is refused.
    struct plk_command send = {.kind = PLK_CMD_SEND, .contact = 1, .text = plk_bytes_text("while she is away")};
    assert_int_equal(plk_host_command(alice.host, &send, on_result, &alice), PLK_ERR_LOCKED);
    unsigned before = alice.messages;
    command(&bob, &alice, send);
    assert_int_equal(tries(&alice, "wrong"), PLK_FAULT_WRONG_PASSPHRASE);
    assert_true(plk_host_locked(alice.host));
    assert_int_equal(tries(&alice, "correct horse"), PLK_FAULT_NONE);
    UNTIL(&alice, &bob, alice.messages > before);                     // Bob's, at last
    assert_int_equal(tries(&alice, "correct horse"), PLK_FAULT_NONE); // of an open one it tells the same
    // Closed while one is tried.
    assert_int_equal(plk_host_lock(alice.host, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_host_try(alice.host, plk_bytes_text("correct horse"), on_tried, &alice), PLK_ERR_OK);
    end(&alice);
    end(&bob);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hosts_talk_over_ipv4),         cmocka_unit_test(two_hosts_talk_over_ipv6),
        cmocka_unit_test(two_hosts_talk_over_tcp),          cmocka_unit_test(a_conversation_goes_on_after_a_restart),
        cmocka_unit_test(many_messages_all_arrive),         cmocka_unit_test(a_full_disk_is_waited_for),
        cmocka_unit_test(a_damaged_store_ends_in_one_line), cmocka_unit_test(a_home_is_used_once),
        cmocka_unit_test(a_port_that_is_taken_is_said),     cmocka_unit_test(an_empty_home_can_be_protected),
        cmocka_unit_test(a_profile_is_locked_and_unlocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
