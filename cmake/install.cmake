# SPDX-License-Identifier: MIT
# `cmake --install BUILD [--prefix DIR]`: both programs, their manual pages and completion, the relay's service, samples.
# What the programs say of themselves is asked of the programs that were built.

include(GNUInstallDirs)
set(share ${CMAKE_INSTALL_DATAROOTDIR})
find_program(PLK_SCDOC scdoc)

foreach(program peerlink peerlink-relay)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(CODE "
      set(to \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${share}\")
      function(made file)
        get_filename_component(folder \"\${to}/\${file}\" DIRECTORY)
        file(MAKE_DIRECTORY \"\${folder}\")
        execute_process(COMMAND \${ARGN} OUTPUT_FILE \"\${to}/\${file}\" COMMAND_ERROR_IS_FATAL ANY)
        message(STATUS \"Made: \${to}/\${file}\")
      endfunction()
      made(bash-completion/completions/${program} \"$<TARGET_FILE:${program}>\" completion bash)
      made(zsh/site-functions/_${program} \"$<TARGET_FILE:${program}>\" completion zsh)
      made(fish/vendor_completions.d/${program}.fish \"$<TARGET_FILE:${program}>\" completion fish)
      if(EXISTS \"${PLK_SCDOC}\")
        file(MAKE_DIRECTORY \"\${to}/man/man1\")
        execute_process(COMMAND \"${PLK_SCDOC}\" INPUT_FILE \"${PROJECT_SOURCE_DIR}/docs/man/${program}.1.scd\"
                        OUTPUT_FILE \"\${to}/man/man1/${program}.1\" COMMAND_ERROR_IS_FATAL ANY)
        message(STATUS \"Made: \${to}/man/man1/${program}.1\")
      endif()")
  endif()
endforeach()

if(TARGET peerlink-relay)
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/packaging/peerlink-relay.service\" unit)
    string(REPLACE /usr/local/bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" unit \"\${unit}\")
    file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/peerlink-relay.service\" \"\${unit}\")")
endif()
if(TARGET peerlink)
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/packaging/peerlink.service\" unit)
    string(REPLACE /usr/local/bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\" unit \"\${unit}\")
    file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/user/peerlink.service\" \"\${unit}\")")
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/peerlink.desktop DESTINATION ${share}/applications)
  if(EXISTS ${PROJECT_SOURCE_DIR}/apps/web/public/favicon.svg)
    install(FILES ${PROJECT_SOURCE_DIR}/apps/web/public/favicon.svg DESTINATION ${share}/icons/hicolor/scalable/apps RENAME peerlink.svg)
  endif()
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION ${share}/doc/peerlink/configs)
