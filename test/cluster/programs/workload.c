// The one program of the cluster's images: a container that waits, an application, a proxy's stand-in, a client.
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define LARGEST_PORTS 16
#define HTTP_PORT "8081"

static void end(int signal) {
  (void)signal;
  _exit(0);
}

static struct sockaddr_in address_of(const char *host, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, host, &address.sin_addr);
  return address;
}

// Prints what the other side says. Returns 0 when it said something.
static int ask(const char *host, int port) {
  struct sockaddr_in address = address_of(host, port);
  struct timeval patience = {.tv_sec = 3};
  char heard[256];
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return close(fd), perror("connect"), 1;
  ssize_t size = read(fd, heard, sizeof heard);
  close(fd);
  if (size <= 0) return 1;
  fwrite(heard, 1, size, stdout);
  fflush(stdout);
  return 0;
}

// The kubelet's probes speak HTTP. Heard first: what was not read when the connection is closed resets it.
static void answer_http(int fd) {
  struct timeval patience = {.tv_sec = 1};
  char heard[4096];
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (read(fd, heard, sizeof heard) > 0) dprintf(fd, "HTTP/1.0 200 OK\r\n\r\n");
}

// Tells whoever connects "NAME:PORT", and stdout who did.
static int serve(const char *name, char **ports, int count) {
  struct pollfd waiting[LARGEST_PORTS];
  while (count > 0 && atoi(ports[count - 1]) == 0) count--; // "proxy sidecar", by which a sidecar is recognised
  if (count > LARGEST_PORTS) return 2;
  for (int i = 0; i < count; i++) {
    struct sockaddr_in address = address_of("0.0.0.0", atoi(ports[i]));
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0) return perror("listen"), 1;
    waiting[i] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  for (;;) {
    if (poll(waiting, count, -1) < 0) continue;
    for (int i = 0; i < count; i++) {
      if (!(waiting[i].revents & POLLIN)) continue;
      struct sockaddr_in peer;
      socklen_t size = sizeof peer;
      int fd = accept(waiting[i].fd, (struct sockaddr *)&peer, &size);
      if (fd < 0) continue;
      printf("%s:%s from %s\n", name, ports[i], inet_ntoa(peer.sin_addr));
      fflush(stdout);
      if (strcmp(ports[i], HTTP_PORT) == 0) answer_http(fd);
      else dprintf(fd, "%s:%s", name, ports[i]);
      close(fd);
    }
  }
}

int main(int argc, char **argv) {
  const char *role = argc > 1 ? argv[1] : "pause";
  signal(SIGTERM, end);
  signal(SIGINT, end);
  signal(SIGPIPE, SIG_IGN);
  if (strcmp(role, "ask") == 0 && argc == 4) return ask(argv[2], atoi(argv[3]));
  if (strcmp(role, "serve") == 0 && argc > 3) return serve(argv[2], argv + 3, argc - 3);
  // app HOST PORT: the first thing that it does is to connect, so that a moment without rules is noticed.
  if (strcmp(role, "app") == 0 && argc == 4) {
    char *ports[] = {"8080", HTTP_PORT};
    ask(argv[2], atoi(argv[3]));
    return serve("app", ports, 2);
  }
  if (strcmp(role, "pause") != 0) return 2;
  for (;;) pause();
}
