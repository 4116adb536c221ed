// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>

#include "host/home.h"
#include "host/log.h"
#include "support/tempdir.h"

static void expect_home(const char *given, const char *wanted) {
    char home[PLK_HOME_PATH_MAX];
    struct plk_fault fault;
    assert_int_equal(plk_home_resolve(given, home, &fault), PLK_FAULT_NONE);
    assert_string_equal(home, wanted);
}

static void a_home_is_found_in_order(void **state) {
    (void)state;
    char here[PLK_HOME_PATH_MAX], wanted[PLK_HOME_PATH_MAX + 16], home[PLK_HOME_PATH_MAX];
    struct plk_fault fault;
    assert_non_null(getcwd(here, sizeof here));
    setenv("HOME", "/users/bob", 1);
    unsetenv("XDG_DATA_HOME");
    unsetenv("PEERLINK_HOME");
    expect_home(NULL, "/users/bob/.local/share/peerlink");
    setenv("XDG_DATA_HOME", "/data", 1);
    expect_home(NULL, "/data/peerlink");
    setenv("PEERLINK_HOME", "/elsewhere/", 1);
    expect_home(NULL, "/elsewhere");
    expect_home("", "/elsewhere");
    expect_home("/given//", "/given");
    expect_home("/", "/");
    snprintf(wanted, sizeof wanted, "%s/here", here);
    expect_home("here", wanted);
    char *long_path = malloc(PLK_HOME_PATH_MAX + 10);
    memset(long_path, 'x', PLK_HOME_PATH_MAX + 9);
    long_path[0] = '/';
    long_path[PLK_HOME_PATH_MAX + 9] = '\0';
    assert_int_equal(plk_home_resolve(long_path, home, &fault), PLK_FAULT_HOME);
    free(long_path);
    unsetenv("PEERLINK_HOME");
    unsetenv("XDG_DATA_HOME");
    unsetenv("HOME");
    assert_int_equal(plk_home_resolve(NULL, home, &fault), PLK_FAULT_HOME);
}

static mode_t mode_of(const char *path) {
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void a_home_is_made_private(void **state) {
    (void)state;
    char base[64], path[256];
    struct plk_fault fault;
    mode_t mask = umask(0);
    tempdir_make(base);
    snprintf(path, sizeof path, "%s/a/b/home", base);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_NONE);
    assert_int_equal(mode_of(path), 0700);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_NONE); // again
    assert_int_equal(chmod(path, 0775), 0);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_NONE); // empty: tightened
    assert_int_equal(mode_of(path), 0700);
    // One with other things in it is left as it is, and refused where others could put files into it.
    snprintf(path, sizeof path, "%s/a", base);
    assert_int_equal(chmod(path, 0755), 0);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_NONE);
    assert_int_equal(mode_of(path), 0755);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_HOME);
    snprintf(path, sizeof path, "%s/file", base);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_HOME);
    snprintf(path, sizeof path, "%s/file/below", base);
    assert_int_equal(plk_home_make(path, &fault), PLK_FAULT_HOME);
    assert_int_equal(plk_home_make("/proc/nothing/here", &fault), PLK_FAULT_HOME);
    umask(mask);
    tempdir_remove(base);
}

static void a_lock_keeps_others_out_and_dies_with_its_owner(void **state) {
    (void)state;
    char home[64];
    struct plk_fault fault;
    int lock, ends[2];
    long pid;
    tempdir_make(home);
    assert_false(plk_home_running(home, &pid)); // and makes nothing
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte = plk_home_lock(home, &lock, &fault) == PLK_FAULT_NONE ? 'y' : 'n';
        if (write(ends[1], &byte, 1) != 1) _exit(1);
        pause();
    }
    char byte = 0;
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(plk_home_lock(home, &lock, &fault), PLK_FAULT_IN_USE);
    assert_non_null(strstr(fault.line, home));
    assert_true(plk_home_running(home, &pid));
    assert_int_equal(pid, child);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(plk_home_lock(home, &lock, &fault), PLK_FAULT_NONE);
    assert_true(fcntl(lock, F_GETFD) & FD_CLOEXEC);
    close(lock);
    close(ends[0]);
    close(ends[1]);
    tempdir_remove(home);
}

static void sockets_have_short_names(void **state) {
    (void)state;
    char base[64], runtime[128], home[600], path[PLK_HOME_SOCKET_MAX], other[PLK_HOME_SOCKET_MAX], link[128];
    struct plk_fault fault;
    tempdir_make(base);
    snprintf(runtime, sizeof runtime, "%s/run", base);
    assert_int_equal(mkdir(runtime, 0700), 0);
    setenv("XDG_RUNTIME_DIR", runtime, 1);
    snprintf(home, sizeof home, "%s/%0255d", base, 7);
    assert_int_equal(plk_home_make(home, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_home_socket(home, true, path, &fault), PLK_FAULT_NONE);
    assert_memory_equal(path, runtime, strlen(runtime));
    assert_int_equal(plk_home_socket(base, true, other, &fault), PLK_FAULT_NONE);
    assert_string_not_equal(path, other);
    snprintf(link, sizeof link, "%s/link", base);
    assert_int_equal(symlink(home, link), 0);
    assert_int_equal(plk_home_socket(link, false, other, &fault), PLK_FAULT_NONE);
    assert_string_equal(path, other); // one home, however it is called
    // Somebody else could have made it: a client refuses it as well.
    snprintf(runtime, sizeof runtime, "%s/run/peerlink", base);
    assert_int_equal(mode_of(runtime), 0700);
    assert_int_equal(chmod(runtime, 0755), 0);
    assert_int_equal(plk_home_socket(home, false, other, &fault), PLK_FAULT_HOME);
    // Without a usable runtime directory, one in /tmp.
    setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1);
    assert_int_equal(plk_home_socket(home, false, path, &fault), PLK_FAULT_NONE);
    assert_memory_equal(path, "/tmp/peerlink-", 14);
    unsetenv("XDG_RUNTIME_DIR");
    tempdir_remove(base);
}

static void small_files_are_replaced_whole(void **state) {
    (void)state;
    char home[64], path[128];
    struct plk_fault fault;
    tempdir_make(home);
    assert_int_equal(plk_home_number_read(home, "port"), 0);
    assert_int_equal(plk_home_number_write(home, "port", 7447, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_home_number_write(home, "port", 123456, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_home_number_read(home, "port"), 123456);
    snprintf(path, sizeof path, "%s/port", home);
    assert_int_equal(mode_of(path), 0600);
    snprintf(path, sizeof path, "%s/port.new", home);
    assert_int_equal(access(path, F_OK), -1);
    close(open(path, O_CREAT | O_WRONLY, 0644)); // left by a crash
    assert_int_equal(plk_home_number_write(home, "port", 5, &fault), PLK_FAULT_NONE);
    assert_int_equal(plk_home_number_read(home, "port"), 5);
    assert_int_equal(plk_home_number_write("/nowhere/at/all", "port", 5, &fault), PLK_FAULT_HOME);
    tempdir_remove(home);
}

static void log_lines_are_lines(void **state) {
    (void)state;
    int ends[2];
    char got[2048];
    enum plk_log_level level;
    assert_int_equal(pipe(ends), 0);
    struct plk_log log = {.level = PLK_LOG_INFO, .fd = ends[1]}, silent = {.level = PLK_LOG_DEBUG, .fd = -1};
    plk_log(&log, PLK_LOG_WARN, "one\n\x1b[31mtwo %d", 3);
    plk_log(&log, PLK_LOG_DEBUG, "not this");
    plk_log(&silent, PLK_LOG_ERROR, "nor this");
    ssize_t len = read(ends[0], got, sizeof got - 1);
    assert_true(len > 0);
    got[len] = '\0';
    assert_non_null(strstr(got, " warn: one??[31mtwo 3\n"));
    assert_null(strstr(got, "this"));
    char *long_text = malloc(4000);
    memset(long_text, 'x', 3999);
    long_text[3999] = '\0';
    plk_log(&log, PLK_LOG_ERROR, "%s", long_text);
    len = read(ends[0], got, sizeof got);
    assert_int_equal(len, 500);
    assert_int_equal(got[499], '\n');
    free(long_text);
    assert_true(plk_log_level_parse("debug", &level));
    assert_int_equal(level, PLK_LOG_DEBUG);
    assert_false(plk_log_level_parse("verbose", &level));
    close(ends[0]);
    close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_home_is_found_in_order),
        cmocka_unit_test(a_home_is_made_private),
        cmocka_unit_test(a_lock_keeps_others_out_and_dies_with_its_owner),
        cmocka_unit_test(sockets_have_short_names),
        cmocka_unit_test(small_files_are_replaced_whole),
        cmocka_unit_test(log_lines_are_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
