// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/interfaces.h"

static const struct plk_addr everything = {.family = 0}, loopback = {.family = 4, .ip = {127, 0, 0, 1}};

static void count_up(void *ctx) { ++*(unsigned *)ctx; }

static void own_addresses_are_listed_with_their_prefixes(void **state) {
    (void)state;
    uv_loop_t loop;
    struct plk_interfaces interfaces;
    unsigned changes = 0;
    bool found = false;
    assert_int_equal(uv_loop_init(&loop), 0);
    plk_interfaces_open(&interfaces, &loop, &everything, count_up, &changes);
    for (size_t i = 0; i < interfaces.count; i++) {
        if (plk_addr_same_ip(&interfaces.list[i].addr, &loopback)) found = interfaces.list[i].prefix_bits == 8;
        assert_int_equal(interfaces.list[i].addr.port, 0);
    }
    assert_true(found);
    plk_interfaces_look(&interfaces);
    assert_int_equal(changes, 0); // the same: nothing to tell
    plk_interfaces_close(&interfaces);
    uv_run(&loop, UV_RUN_DEFAULT);
    plk_interfaces_open(&interfaces, &loop, &loopback, count_up, &changes);
    assert_int_equal(interfaces.count, 1);
    plk_interfaces_close(&interfaces);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void set_loopback(bool up) {
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) _exit(2);
    request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0) _exit(2);
    close(fd);
}

// In a network of its own: its loopback interface appears and goes.
static int watch_changes(void) {
    uv_loop_t loop;
    struct plk_interfaces interfaces;
    unsigned changes = 0;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return 77;
    if (uv_loop_init(&loop) != 0) return 2;
    plk_interfaces_open(&interfaces, &loop, &everything, count_up, &changes);
    if (interfaces.fd < 0) return 77; // this system has no notices
    if (interfaces.count != 0) return 3;
    set_loopback(true);
    while (changes < 1) uv_run(&loop, UV_RUN_ONCE);
    if (interfaces.count == 0 || interfaces.list[0].prefix_bits != 8) return 4;
    set_loopback(false);
    while (changes < 2) uv_run(&loop, UV_RUN_ONCE);
    if (interfaces.count != 0) return 5;
    plk_interfaces_close(&interfaces);
    uv_run(&loop, UV_RUN_DEFAULT);
    return uv_loop_close(&loop) == 0 ? 0 : 6;
}

static void changes_are_told_without_polling(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        alarm(30); // a notice that never comes is a failure
        _exit(watch_changes());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_told_without_polling), // forks, so it comes before any thread
        cmocka_unit_test(own_addresses_are_listed_with_their_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
