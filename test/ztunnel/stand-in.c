// Stands for ztunnel on a node: takes pods over ZDS, listens in their network namespaces on ztunnel's ports, forwards.
// One line of JSON on stdout for everything that happens. Not encrypted; everything else goes the way it does in ztunnel.
//
//   stand-in --socket PATH [--mesh ADDRESS,...] [--dns ADDRESS] [--until-stdin-ends]
//
// --mesh names pods of other nodes: connections to them go to their port 15008, as those to pods of this node.
// --dns is the answer to every A question. Lines on stdin: ack, refuse, hang (read, but owe the answers until `ack`),
// delay MILLISECONDS, disconnect. At SIGTERM it takes no more connections, hangs up on the agent and ends with the last
// connection, as ztunnel does; connections of a pod that leaves end with it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define OUTBOUND 15001
#define INBOUND 15006
#define TUNNEL 15008
#define DNS 15053
#define MARK 0x539
#define ORIGINAL_DESTINATION 80 // SO_ORIGINAL_DST, IP6T_SO_ORIGINAL_DST
#define LONGEST_NAME 256
#define MOST_ADDRESSES 16
#define STACK (256 * 1024)

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} Address;

typedef struct Workload {
  char uid[LONGEST_NAME], name[LONGEST_NAME], namespace[LONGEST_NAME], account[LONGEST_NAME];
  int netns, stop[2], gone[2]; // no more connections; none at all
  ino_t inode;
  Address addresses[MOST_ADDRESSES];
  int addressCount, inSnapshot;
  const char *failure;
  sem_t served;
  struct Workload *next;
} Workload;

typedef struct {
  Workload *workload;
  int fd, port;
} Accepted;

static const char *meshList = "", *socketPath;
static struct in_addr dnsAnswer;
static Workload *workloads;
static pthread_rwlock_t workloadsLock = PTHREAD_RWLOCK_INITIALIZER;
static int connections;

static void event(const char *format, ...) {
  va_list values;
  va_start(values, format);
  flockfile(stdout);
  vprintf(format, values);
  putchar('\n');
  fflush(stdout);
  funlockfile(stdout);
  va_end(values);
}

static void start(void *(*run)(void *), void *with) {
  pthread_t thread;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (pthread_create(&thread, &attributes, run, with) != 0) abort();
  pthread_attr_destroy(&attributes);
}

// --- addresses

static socklen_t sizeOf(const Address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static int portOf(const Address *address) {
  return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

static Address withPort(Address address, int port) {
  if (address.any.sa_family == AF_INET) address.v4.sin_port = htons(port);
  else address.v6.sin6_port = htons(port);
  return address;
}

// An IPv4 address that came in on an IPv6 socket is an IPv4 address.
static void hostText(const Address *address, char *text) {
  if (address->any.sa_family == AF_INET) inet_ntop(AF_INET, &address->v4.sin_addr, text, INET6_ADDRSTRLEN);
  else inet_ntop(AF_INET6, &address->v6.sin6_addr, text, INET6_ADDRSTRLEN);
}

static void endpointText(const Address *address, char *text) {
  char host[INET6_ADDRSTRLEN] = "";
  hostText(address, host);
  sprintf(text, address->any.sa_family == AF_INET ? "%s:%d" : "[%s]:%d", host, portOf(address));
}

static int parseHost(const char *text, int port, Address *address) {
  memset(address, 0, sizeof *address);
  address->any.sa_family = strchr(text, ':') ? AF_INET6 : AF_INET;
  *address = withPort(*address, port);
  void *into = address->any.sa_family == AF_INET ? (void *)&address->v4.sin_addr : (void *)&address->v6.sin6_addr;
  return inet_pton(address->any.sa_family, text, into) == 1;
}

static int isHost(const Address *one, const Address *other) {
  char a[INET6_ADDRSTRLEN] = "", b[INET6_ADDRSTRLEN] = "";
  hostText(one, a);
  hostText(other, b);
  return strcmp(a, b) == 0;
}

static int belongsTo(const Workload *workload, const Address *address) {
  for (int i = 0; i < workload->addressCount; i++)
    if (isHost(&workload->addresses[i], address)) return 1;
  return 0;
}

static int isInMesh(const Address *address) {
  char host[INET6_ADDRSTRLEN] = "", list[4096];
  hostText(address, host);
  snprintf(list, sizeof list, "%s", meshList);
  for (char *rest = list, *item; (item = strsep(&rest, ",")) != NULL;)
    if (strcmp(item, host) == 0) return 1;
  int found = 0;
  pthread_rwlock_rdlock(&workloadsLock);
  for (Workload *workload = workloads; workload && !found; workload = workload->next) found = belongsTo(workload, address);
  pthread_rwlock_unlock(&workloadsLock);
  return found;
}

// --- sockets in the pod

static int markedSocket(int family, int type) {
  int mark = MARK, fd = socket(family, type | SOCK_CLOEXEC, 0);
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) return close(fd), -1;
  return fd;
}

// `source`, if given, is the client's own address: the application sees who really connects.
static int connectTo(const Address *target, const Address *source) {
  int on = 1, fd = markedSocket(target->any.sa_family, SOCK_STREAM);
  if (fd < 0) return -1;
  struct timeval patience = {.tv_sec = 3};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (source) {
    Address from = withPort(*source, 0);
    if (from.any.sa_family == AF_INET) setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof on);
    else setsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof on);
    if (bind(fd, &from.any, sizeOf(&from)) != 0) return close(fd), -1;
  }
  if (connect(fd, &target->any, sizeOf(target)) != 0) return close(fd), -1;
  return fd;
}

static int originalDestination(int fd, const Address *local, Address *destination) {
  socklen_t size = sizeof *destination;
  int level = local->any.sa_family == AF_INET ? SOL_IP : SOL_IPV6;
  return getsockopt(fd, level, ORIGINAL_DESTINATION, destination, &size) == 0;
}

static int pass(int from, int to) {
  char bytes[16384];
  ssize_t size = read(from, bytes, sizeof bytes);
  if (size <= 0) return shutdown(to, SHUT_WR), 0;
  for (ssize_t sent = 0, now; sent < size; sent += now)
    if ((now = send(to, bytes + sent, size - sent, MSG_NOSIGNAL)) <= 0) return 0;
  return 1;
}

static void joinUp(int one, int other, int gone) {
  struct pollfd ends[] = {{.fd = one, .events = POLLIN}, {.fd = other, .events = POLLIN}, {.fd = gone, .events = POLLIN}};
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (poll(ends, 3, 60000) <= 0 || ends[2].revents) return;
    if (ends[0].revents && !pass(one, other)) ends[0].fd = -1;
    if (ends[1].revents && !pass(other, one)) ends[1].fd = -1;
  }
}

// Reads up to the empty line of an HTTP head, and not a byte further.
static int readHead(int fd, char *head, size_t size) {
  size_t length = 0;
  while (length + 1 < size && read(fd, head + length, 1) == 1) {
    head[++length] = 0;
    if (length >= 4 && strcmp(head + length - 4, "\r\n\r\n") == 0) return 1;
  }
  return 0;
}

static int openTunnel(const Address *target) {
  char text[64], head[256];
  Address through = withPort(*target, TUNNEL);
  int fd = connectTo(&through, NULL);
  if (fd < 0) return -1;
  endpointText(target, text);
  int length = snprintf(head, sizeof head, "CONNECT %s HTTP/1.1\r\n\r\n", text);
  if (send(fd, head, length, MSG_NOSIGNAL) != length || !readHead(fd, head, sizeof head) || !strstr(head, " 200 "))
    return close(fd), -1;
  return fd;
}

static int acceptTunnel(int fd, Address *target) {
  char head[256], host[128];
  int port;
  if (!readHead(fd, head, sizeof head)) return 0;
  if (sscanf(head, "CONNECT [%127[^]]]:%d ", host, &port) != 2 && sscanf(head, "CONNECT %127[^:]:%d ", host, &port) != 2)
    return 0;
  return parseHost(host, port, target);
}

static int isOwnPort(int port) {
  return port == OUTBOUND || port == INBOUND || port == TUNNEL;
}

static void serveConnection(Workload *workload, int fd, int port) {
  Address peer, local, target = {0};
  socklen_t size = sizeof peer;
  char from[64] = "", to[64] = "";
  const char *via = port == OUTBOUND ? "direct" : "application";
  getpeername(fd, &peer.any, &size);
  size = sizeof local;
  getsockname(fd, &local.any, &size);
  endpointText(&peer, from);
  int isKnown = port == TUNNEL ? acceptTunnel(fd, &target) : originalDestination(fd, &local, &target);
  if (isKnown) endpointText(&target, to);
  // Inbound is for this pod alone; what was meant for a port of ours would come round again.
  if (!isKnown || isOwnPort(portOf(&target)) || (port != OUTBOUND && !belongsTo(workload, &target))) {
    event("{\"event\":\"refused\",\"port\":%d,\"uid\":\"%s\",\"from\":\"%s\",\"to\":\"%s\"}", port, workload->uid, from, to);
    return;
  }
  int other;
  if (port != OUTBOUND) other = connectTo(&target, &peer);
  else if (isInMesh(&target)) via = "tunnel", other = openTunnel(&target);
  else other = connectTo(&target, NULL);
  event("{\"event\":\"connection\",\"port\":%d,\"uid\":\"%s\",\"from\":\"%s\",\"to\":\"%s\",\"via\":\"%s\",\"error\":%d}", port,
        workload->uid, from, to, via, other < 0 ? errno : 0);
  if (other < 0) return;
  const char *agreed = "HTTP/1.1 200 OK\r\n\r\n";
  if (port == TUNNEL) send(fd, agreed, strlen(agreed), MSG_NOSIGNAL);
  joinUp(fd, other, workload->gone[0]);
  close(other);
}

// --- DNS

static int answerQuestion(Workload *workload, uint8_t *message, int size, int room, const char *protocol) {
  char name[LONGEST_NAME] = "";
  int at = 12, length = 0;
  while (at < size && message[at] != 0) {
    int label = message[at++];
    if (label > 63 || at + label > size || length + label + 2 > LONGEST_NAME) return 0;
    if (length > 0) name[length++] = '.';
    for (int i = 0; i < label; i++, at++) {
      int isPlain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", message[at]) != NULL;
      name[length++] = message[at] && isPlain ? (char)message[at] : '?';
    }
  }
  if (at + 5 > size || at + 5 + 16 > room) return 0;
  int isA = message[at + 1] == 0 && message[at + 2] == 1;
  at += 5;
  const uint8_t header[] = {0x81, 0x80, 0, 1, 0, isA, 0, 0, 0, 0}, record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4};
  memcpy(message + 2, header, sizeof header);
  event("{\"event\":\"dns\",\"uid\":\"%s\",\"protocol\":\"%s\",\"name\":\"%s\"}", workload->uid, protocol, name);
  if (!isA) return at;
  memcpy(message + at, record, sizeof record);
  memcpy(message + at + sizeof record, &dnsAnswer, 4);
  return at + sizeof record + 4;
}

static void answerDatagram(Workload *workload, int fd) {
  uint8_t message[1024];
  Address peer;
  socklen_t size = sizeof peer;
  int length = recvfrom(fd, message, sizeof message, MSG_DONTWAIT, &peer.any, &size);
  if (length < 12) return;
  length = answerQuestion(workload, message, length, sizeof message, "udp");
  if (length > 0) sendto(fd, message, length, 0, &peer.any, size);
}

static void answerStream(Workload *workload, int fd) {
  uint8_t message[2 + 1024];
  if (recv(fd, message, 2, MSG_WAITALL) != 2) return;
  int length = message[0] << 8 | message[1];
  if (length < 12 || length > 1000 || recv(fd, message + 2, length, MSG_WAITALL) != length) return;
  length = answerQuestion(workload, message + 2, length, 1024, "tcp");
  message[0] = length >> 8, message[1] = length;
  if (length > 0) send(fd, message, length + 2, MSG_NOSIGNAL);
}

// --- a pod

static void *runConnection(void *given) {
  Accepted *accepted = given;
  if (accepted->port == DNS) answerStream(accepted->workload, accepted->fd);
  else serveConnection(accepted->workload, accepted->fd, accepted->port);
  close(accepted->fd);
  free(accepted);
  __atomic_sub_fetch(&connections, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

static int listenOn(const char *host, int port, int type) {
  Address address;
  int on = 1;
  parseHost(host, port, &address);
  int fd = markedSocket(address.any.sa_family, type);
  if (fd < 0) return -1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on); // the next ztunnel listens before this one stops
  if (address.any.sa_family == AF_INET6) setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd, &address.any, sizeOf(&address)) != 0 || (type == SOCK_STREAM && listen(fd, 512) != 0)) return close(fd), -1;
  return fd;
}

static void findAddresses(Workload *workload) {
  struct ifaddrs *all = NULL;
  getifaddrs(&all);
  for (struct ifaddrs *one = all; one && workload->addressCount < MOST_ADDRESSES; one = one->ifa_next) {
    if (!one->ifa_addr || (one->ifa_flags & IFF_LOOPBACK)) continue;
    int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    Address *address = &workload->addresses[workload->addressCount++];
    memcpy(address, one->ifa_addr, family == AF_INET ? sizeof address->v4 : sizeof address->v6);
  }
  freeifaddrs(all);
}

static void *serveWorkload(void *given) {
  static const struct { const char *hosts[2]; int port, type; } wanted[] = {
    {{"0.0.0.0", "::"}, OUTBOUND, SOCK_STREAM}, {{"0.0.0.0", "::"}, INBOUND, SOCK_STREAM},
    {{"0.0.0.0", "::"}, TUNNEL, SOCK_STREAM}, {{"127.0.0.1", "::1"}, DNS, SOCK_STREAM},
    {{"127.0.0.1", "::1"}, DNS, SOCK_DGRAM}};
  Workload *workload = given;
  struct pollfd waiting[11] = {{.fd = workload->stop[0], .events = POLLIN}};
  int ports[11] = {0}, isStream[11] = {0}, count = 1;
  if (setns(workload->netns, CLONE_NEWNET) != 0) workload->failure = "cannot enter the network namespace";
  for (int i = 0; i < 5 && !workload->failure; i++) {
    for (int family = 0; family < 2; family++) {
      int fd = listenOn(wanted[i].hosts[family], wanted[i].port, wanted[i].type);
      // A namespace without IPv6 is served without it.
      if (fd < 0 && family == 0) workload->failure = "cannot listen in the network namespace";
      if (fd < 0) continue;
      ports[count] = wanted[i].port, isStream[count] = wanted[i].type == SOCK_STREAM;
      waiting[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
  }
  if (!workload->failure) findAddresses(workload);
  int isServing = !workload->failure;
  sem_post(&workload->served);
  while (isServing && poll(waiting, count, -1) >= 0 && !waiting[0].revents) {
    for (int i = 1; i < count; i++) {
      if (!(waiting[i].revents & POLLIN)) continue;
      if (!isStream[i]) { answerDatagram(workload, waiting[i].fd); continue; }
      int fd = accept4(waiting[i].fd, NULL, NULL, SOCK_CLOEXEC);
      if (fd < 0) continue;
      Accepted *accepted = malloc(sizeof *accepted);
      *accepted = (Accepted){workload, fd, ports[i]};
      __atomic_add_fetch(&connections, 1, __ATOMIC_SEQ_CST);
      start(runConnection, accepted);
    }
  }
  for (int i = 1; i < count; i++) close(waiting[i].fd);
  return NULL;
}

// Connections in progress may still name it: it is taken out of the list, never freed.
static void stopWorkload(Workload **place) {
  Workload *workload = *place;
  pthread_rwlock_wrlock(&workloadsLock);
  *place = workload->next;
  pthread_rwlock_unlock(&workloadsLock);
  close(workload->stop[1]);
  close(workload->gone[1]);
  close(workload->netns);
}

static Workload **findWorkload(const char *uid) {
  Workload **place = &workloads;
  while (*place && strcmp((*place)->uid, uid) != 0) place = &(*place)->next;
  return place;
}

// @returns what went wrong
static const char *addWorkload(Workload *workload) {
  struct stat found;
  if (fstat(workload->netns, &found) != 0) return "no descriptor";
  workload->inode = found.st_ino;
  Workload **known = findWorkload(workload->uid);
  if (*known && (*known)->inode == workload->inode) {
    (*known)->inSnapshot = 1;
    close(workload->netns);
    return NULL;
  }
  if (*known) stopWorkload(known);
  if (pipe2(workload->stop, O_CLOEXEC) != 0 || pipe2(workload->gone, O_CLOEXEC) != 0) return "no pipe";
  sem_init(&workload->served, 0, 0);
  start(serveWorkload, workload);
  sem_wait(&workload->served);
  if (workload->failure) return workload->failure;
  workload->inSnapshot = 1;
  pthread_rwlock_wrlock(&workloadsLock);
  workload->next = workloads;
  workloads = workload;
  pthread_rwlock_unlock(&workloadsLock);
  return NULL;
}

// --- ZDS

static enum { ACK, REFUSE, HANG } behaviour = ACK;
static int delayMs, owed;

static void answer(int fd, const char *error) {
  uint8_t packet[128] = {0x0a, 0};
  int length = strlen(error);
  if (behaviour == HANG) { owed++; return; }
  if (delayMs > 0) usleep(delayMs * 1000);
  if (length > 0) packet[1] = length + 2, packet[2] = 0x0a, packet[3] = length, memcpy(packet + 4, error, length);
  send(fd, packet, length > 0 ? length + 4 : 2, MSG_NOSIGNAL);
}

// Field of wire type 2 at *at. @returns its number, 0 at the end or when it is none
static int nextField(const uint8_t *bytes, int size, int *at, const uint8_t **content, int *length) {
  if (*at >= size || (bytes[*at] & 7) != 2) return 0;
  int number = bytes[(*at)++] >> 3, shift = 0;
  *length = 0;
  do {
    if (*at >= size || shift > 14) return 0;
    *length |= (bytes[*at] & 0x7f) << shift;
    shift += 7;
  } while (bytes[(*at)++] & 0x80);
  if (*length > size - *at) return 0;
  *content = bytes + *at;
  *at += *length;
  return number;
}

static void textField(const uint8_t *bytes, int size, int wanted, char *into) {
  const uint8_t *content;
  int at = 0, length, number;
  while ((number = nextField(bytes, size, &at, &content, &length)) != 0)
    if (number == wanted) snprintf(into, LONGEST_NAME, "%.*s", length, content);
}

static void receiveAdd(int fd, const uint8_t *bytes, int size, int netns) {
  const uint8_t *content;
  int at = 0, length, number;
  Workload *workload = calloc(1, sizeof *workload);
  textField(bytes, size, 1, workload->uid);
  while ((number = nextField(bytes, size, &at, &content, &length)) != 0) {
    if (number != 2) continue;
    textField(content, length, 1, workload->name);
    textField(content, length, 2, workload->namespace);
    textField(content, length, 3, workload->account);
  }
  workload->netns = netns;
  const char *error = behaviour == REFUSE ? "refused by the test" : addWorkload(workload);
  event("{\"event\":\"add\",\"uid\":\"%s\",\"name\":\"%s\",\"namespace\":\"%s\",\"serviceAccount\":\"%s\",\"error\":\"%s\"}",
        workload->uid, workload->name, workload->namespace, workload->account, error ? error : "");
  answer(fd, error ? error : "");
}

static void receiveSnapshotSent(int fd) {
  for (Workload **place = &workloads; *place;) {
    if ((*place)->inSnapshot) place = &(*place)->next;
    else stopWorkload(place);
  }
  event("{\"event\":\"snapshot-sent\"}");
  answer(fd, "");
}

static void receive(int fd, const uint8_t *bytes, int size, int netns) {
  const uint8_t *content;
  int at = 0, length;
  char uid[LONGEST_NAME] = "";
  switch (nextField(bytes, size, &at, &content, &length)) {
  case 1: receiveAdd(fd, content, length, netns); return;
  case 3: receiveSnapshotSent(fd); return;
  case 2:
    textField(content, length, 2, uid);
    Workload **place = findWorkload(uid);
    if (*place) stopWorkload(place);
    event("{\"event\":\"del\",\"uid\":\"%s\"}", uid);
    answer(fd, "");
    return;
  case 5:
    textField(content, length, 1, uid);
    Workload **kept = findWorkload(uid);
    if (*kept) (*kept)->inSnapshot = 1;
    event("{\"event\":\"keep\",\"uid\":\"%s\"}", uid);
    answer(fd, "");
    return;
  default: event("{\"event\":\"malformed\"}"); answer(fd, "not a request");
  }
}

// @returns whether the connection is still there
static int receivePacket(int fd) {
  uint8_t bytes[1024], control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec vector = {bytes, sizeof bytes};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (size <= 0) return 0;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  int netns = -1;
  if (rights && rights->cmsg_type == SCM_RIGHTS) memcpy(&netns, CMSG_DATA(rights), sizeof netns);
  receive(fd, bytes, size, netns);
  return 1;
}

static int connectToAgent(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", socketPath);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) return close(fd), -1;
  for (Workload *workload = workloads; workload; workload = workload->next) workload->inSnapshot = 0;
  owed = 0;
  event("{\"event\":\"connected\"}");
  send(fd, "\x08\x01", 2, MSG_NOSIGNAL);
  return fd;
}

// @returns whether stdin goes on
static int obey(int *agent) {
  static char line[64];
  static size_t length;
  char byte;
  if (read(0, &byte, 1) != 1) return 0;
  if (byte != '\n') {
    if (length + 1 < sizeof line) line[length++] = byte;
    return 1;
  }
  line[length] = 0, length = 0;
  if (strcmp(line, "refuse") == 0) behaviour = REFUSE;
  if (strcmp(line, "hang") == 0) behaviour = HANG;
  if (strncmp(line, "delay ", 6) == 0) delayMs = atoi(line + 6);
  if (strcmp(line, "disconnect") == 0 && *agent >= 0) close(*agent), *agent = -1;
  if (strcmp(line, "ack") == 0) {
    behaviour = ACK;
    for (; owed > 0 && *agent >= 0; owed--) answer(*agent, "");
  }
  event("{\"event\":\"told\",\"line\":\"%s\"}", line);
  return 1;
}

static void drain(int *agent) {
  if (*agent >= 0) close(*agent), *agent = -1;
  for (Workload *workload = workloads; workload; workload = workload->next) close(workload->stop[1]);
  while (__atomic_load_n(&connections, __ATOMIC_SEQ_CST) > 0) usleep(20000);
}

int main(int count, char **arguments) {
  int endsWithStdin = 0, agent = -1, input = 0;
  inet_pton(AF_INET, "240.240.0.1", &dnsAnswer);
  for (int i = 1; i < count; i++) {
    const char *value = i + 1 < count ? arguments[i + 1] : "";
    if (strcmp(arguments[i], "--until-stdin-ends") == 0) endsWithStdin = 1;
    else if (strcmp(arguments[i], "--socket") == 0) socketPath = value, i++;
    else if (strcmp(arguments[i], "--mesh") == 0) meshList = value, i++;
    else if (strcmp(arguments[i], "--dns") == 0) inet_pton(AF_INET, value, &dnsAnswer), i++;
    else return fprintf(stderr, "unknown argument %s\n", arguments[i]), 2;
  }
  if (!socketPath) return fprintf(stderr, "--socket is missing\n"), 2;
  signal(SIGPIPE, SIG_IGN);
  sigset_t termination;
  sigemptyset(&termination);
  sigaddset(&termination, SIGTERM);
  sigprocmask(SIG_BLOCK, &termination, NULL);
  int told = signalfd(-1, &termination, SFD_CLOEXEC);
  struct rlimit files; // a dozen for each pod
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (;;) {
    if (agent < 0) agent = connectToAgent();
    struct pollfd waiting[] = {
        {.fd = input, .events = POLLIN}, {.fd = agent, .events = POLLIN}, {.fd = told, .events = POLLIN}};
    if (poll(waiting, 3, agent < 0 ? 20 : -1) < 0) continue;
    if (waiting[2].revents) return drain(&agent), 0;
    if (waiting[0].revents && !obey(&agent)) {
      if (endsWithStdin) return 0;
      input = -1;
    }
    if (waiting[1].revents && agent >= 0 && !receivePacket(agent)) {
      close(agent), agent = -1;
      event("{\"event\":\"disconnected\"}");
    }
  }
}
