// Executes a program many times and tells what each run cost; written in C so that the fork is of a tiny process.
//   measure RUNS CONCURRENCY STDIN_FILE PROGRAM
// In the values of CNI_* variables and in STDIN_FILE, %d stands for the number of the run. Prints one line a run:
//   wall_us cpu_us max_rss_kb exit_code
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

// The environment of run `number`: every %d of a CNI_* variable replaced.
static char **environment_of(int number) {
  int count = 0;
  while (environ[count]) count++;
  char **copy = calloc(count + 1, sizeof *copy), digits[16];
  snprintf(digits, sizeof digits, "%d", number);
  for (int i = 0; i < count; i++) {
    copy[i] = environ[i];
    while (strncmp(copy[i], "CNI_", 4) == 0 && strstr(copy[i], "%d")) {
      char *at = strstr(copy[i], "%d"), *next = malloc(strlen(copy[i]) + strlen(digits));
      sprintf(next, "%.*s%s%s", (int)(at - copy[i]), copy[i], digits, at + 2);
      copy[i] = next;
    }
  }
  return copy;
}

int main(int argc, char **argv) {
  if (argc != 5) return fprintf(stderr, "usage: measure RUNS CONCURRENCY STDIN_FILE PROGRAM\n"), 2;
  int runs = atoi(argv[1]), concurrency = atoi(argv[2]), started = 0, running = 0;
  pid_t *pids = calloc(runs, sizeof *pids);
  long long *starts = calloc(runs, sizeof *starts);
  char ***environments = calloc(runs, sizeof *environments);
  for (int i = 0; i < runs; i++) environments[i] = environment_of(i);
  int null = open("/dev/null", O_RDWR);
  while (started < runs || running > 0) {
    while (started < runs && running < concurrency) {
      starts[started] = now_us();
      pid_t pid = fork();
      if (pid == 0) {
        char path[4096];
        snprintf(path, sizeof path, argv[3], started);
        dup2(open(path, O_RDONLY), 0);
        dup2(null, 1);
        char *arguments[] = {argv[4], NULL};
        execve(argv[4], arguments, environments[started]);
        _exit(127);
      }
      pids[started++] = pid;
      running++;
    }
    int status;
    struct rusage usage;
    pid_t ended = wait4(-1, &status, 0, &usage);
    long long end = now_us();
    running--;
    for (int i = 0; i < started; i++) {
      if (pids[i] != ended) continue;
      long long cpu = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec + usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec;
      printf("%lld %lld %ld %d\n", end - starts[i], cpu, usage.ru_maxrss, WIFEXITED(status) ? WEXITSTATUS(status) : 255);
      pids[i] = 0;
      break;
    }
  }
  return 0;
}
