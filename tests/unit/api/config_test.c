// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/config.h"

static char path[64];

static int make(void **state) {
    (void)state;
    strcpy(path, "/tmp/plk-config-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? 1 : close(fd);
}

static int drop(void **state) {
    (void)state;
    return unlink(path);
}

static bool read_text(const char *text, struct plk_config *config, char why[PLK_CONFIG_LINE_MAX]) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return plk_config_read(path, true, config, why);
}

static void reads_all_keys(void **state) {
    (void)state;
    struct plk_config config = plk_config_default();
    char why[PLK_CONFIG_LINE_MAX];
    assert_true(read_text(
        "; a comment\n[node]\nlisten = 127.0.0.1:7447 ; and why\nudp = no\ntcp=yes\nportmap = no\nlan = no\n\n[log]\nlevel = debug\n",
        &config, why));
    assert_string_equal(config.listen, "127.0.0.1:7447");
    assert_false(config.udp);
    assert_false(config.portmap || config.lan);
    assert_true(config.tcp);
    assert_int_equal(config.log_level, PLK_LOG_DEBUG);
    assert_true(read_text("", &config, why)); // says nothing: nothing changes
    assert_false(config.udp);
}

static void names_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int line;
        const char *what;
    } bad[] = {
        {"[node]\nspeed = 1\n", 2, "`speed` in [node] is not known"},
        {"udp = yes\n", 1, "`udp` in [] is not known"},
        {"[node]\n\n\nudp = true\n", 4, "must be yes or no"},
        {"[log]\nlevel = LOUD\n", 2, "must be error, warn, info or debug"},
        {"[node]\nwhat\nspeed = 1\n", 2, "neither"},
        {"[node\nudp = yes\n", 1, "neither"},
        {"[node]\nspeed = 1\nwhat\n", 2, "`speed`"},
        {"[node]\nlisten = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:1\n", 2, "longer"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plk_config config = plk_config_default();
        char why[PLK_CONFIG_LINE_MAX], where[PLK_CONFIG_LINE_MAX];
        snprintf(where, sizeof where, "%s:%d: ", path, bad[i].line);
        assert_false(read_text(bad[i].text, &config, why));
        if (strncmp(why, where, strlen(where)) != 0 || strstr(why, bad[i].what) == NULL)
            fail_msg("%s: %s", bad[i].text, why);
        assert_true(config.udp && config.tcp && config.portmap && config.lan); // untouched
    }
}

static void needs_a_transport(void **state) {
    (void)state;
    struct plk_config config = plk_config_default();
    char why[PLK_CONFIG_LINE_MAX];
    assert_false(read_text("[node]\nudp = no\ntcp = no\n", &config, why));
    assert_non_null(strstr(why, "nobody can be reached"));
}

static void missing_file(void **state) {
    (void)state;
    struct plk_config config = plk_config_default();
    char why[PLK_CONFIG_LINE_MAX];
    assert_true(plk_config_read("/nonexistent/node.ini", false, &config, why));
    assert_false(plk_config_read("/nonexistent/node.ini", true, &config, why));
    assert_non_null(strstr(why, "/nonexistent/node.ini"));
    assert_false(plk_config_read("/", false, &config, why)); // is there, and is no file
}

static void where_it_is(void **state) {
    (void)state;
    char out[PLK_CONFIG_PATH_MAX];
    setenv("XDG_CONFIG_HOME", "/x", 1);
    setenv("HOME", "/h", 1);
    assert_true(plk_config_path("given", out));
    assert_string_equal(out, "given");
    assert_true(plk_config_path(NULL, out));
    assert_string_equal(out, "/x/peerlink/node.ini");
    setenv("XDG_CONFIG_HOME", "relative", 1);
    assert_true(plk_config_path(NULL, out));
    assert_string_equal(out, "/h/.config/peerlink/node.ini");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("HOME");
    assert_false(plk_config_path(NULL, out));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(reads_all_keys, make, drop),
                                       cmocka_unit_test_setup_teardown(names_the_line, make, drop),
                                       cmocka_unit_test_setup_teardown(needs_a_transport, make, drop),
                                       cmocka_unit_test(missing_file), cmocka_unit_test(where_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
