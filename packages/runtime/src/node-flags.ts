/**
 * Options of Node and V8 for the agent, for whoever starts it: a long-lived process that mostly waits. Measured: a tenth
 * less memory; the optimizing compilers that they forgo would hardly ever come into play. Garbage is collected by the
 * thread whose it is, as far as V8 lets it be, and soon after work is done: helpers that get no processor on a busy node
 * keep it waiting, and already to wake one of several can (pthread_cond_signal of glibc before 2.41).
 */
export const nodeFlags = [
  '--max-semi-space-size=1',
  '--lite-mode',
  '--single-threaded-gc',
  '--v8-pool-size=1',
  '--gc-memory-reducer-start-delay-ms=2000',
] as const
