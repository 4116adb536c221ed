# SPDX-License-Identifier: MIT
# Compiler flags. `plk_flags` is for everything of ours, `plk_flags_core` and `plk_flags_hosted` for one side each.

add_library(plk_flags INTERFACE)
target_compile_options(plk_flags INTERFACE -pedantic -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                                           -Wold-style-definition -Wvla -Wundef -Wwrite-strings
                                           -Wimplicit-fallthrough)
if(PLK_WERROR)
  target_compile_options(plk_flags INTERFACE -Werror)
endif()
if(PLK_SANITIZE)
  target_compile_options(plk_flags INTERFACE -fsanitize=${PLK_SANITIZE} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
  target_link_options(plk_flags INTERFACE -fsanitize=${PLK_SANITIZE})
endif()
if(PLK_FUZZ)
  target_compile_options(plk_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PLK_COVERAGE)
  target_compile_options(plk_flags INTERFACE --coverage)
  target_link_options(plk_flags INTERFACE --coverage)
endif()

# The core may import only mem*, strlen and crypto names: nothing that a compiler slips in on a hosted system
# (stack protector, _chk variants, bcmp for an equality memcmp, outlined atomics).
add_library(plk_flags_core INTERFACE)
target_compile_options(plk_flags_core INTERFACE -U_FORTIFY_SOURCE -fno-stack-protector -fno-builtin-bcmp
                                                -fno-builtin-stpcpy)
target_link_libraries(plk_flags_core INTERFACE plk_flags)

# Everything that meets an operating system: its full interface, and hardening where no sanitizer is in the way.
add_library(plk_flags_hosted INTERFACE)
target_compile_definitions(plk_flags_hosted INTERFACE _GNU_SOURCE PLK_HOSTED)
if(NOT PLK_SANITIZE AND NOT PLK_COVERAGE)
  target_compile_options(plk_flags_hosted INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  target_link_options(plk_flags_hosted INTERFACE -Wl,-z,relro,-z,now)
endif()
target_link_libraries(plk_flags_hosted INTERFACE plk_flags)
