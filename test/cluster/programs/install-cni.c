/* install-cni: what starts the agent in the test's image, under the name by which manifests start it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef NODE_FLAGS
#error "cc -DNODE_FLAGS='\"--one\", \"--two\"'"
#endif

int main(int argc, char **argv) {
  char *start[] = {"/usr/local/bin/node", NODE_FLAGS, "/usr/local/lib/install-cni/install-cni.mjs"};
  int count = sizeof start / sizeof *start;
  char **all = calloc(count + argc, sizeof *all);
  for (int at = 0; at < count; at++) all[at] = start[at];
  for (int at = 1; at < argc; at++) all[count + at - 1] = argv[at];
  execv(all[0], all);
  perror(all[0]);
  return 127;
}
