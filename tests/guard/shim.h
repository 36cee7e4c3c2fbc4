// What CUDA C asks of the device, on the host: threads of a block are fibers that take turns at
// barriers; blocks run one after the other.
#include <stddef.h>
#ifndef __x86_64__
#include <ucontext.h>
#endif

// only what is needed of <cmath> and others, which take a second to read
extern "C" {
float expf(float), expm1f(float), logf(float), log1pf(float), sinf(float), cosf(float);
float tanhf(float), sqrtf(float), fabsf(float), powf(float, float), fmaf(float, float, float);
double exp(double), expm1(double), log(double), log1p(double), sin(double), cos(double);
double tanh(double), sqrt(double), fabs(double), pow(double, double), fma(double, double, double);
float tanf(float), asinf(float), acosf(float), atanf(float), sinhf(float), coshf(float),
asinhf(float), acoshf(float), atanhf(float), exp2f(float), log2f(float), log10f(float),
cbrtf(float), floorf(float), ceilf(float), truncf(float), rintf(float);
float atan2f(float, float), hypotf(float, float), copysignf(float, float), nextafterf(float,
float), fmodf(float, float);
double tan(double), asin(double), acos(double), atan(double), sinh(double), cosh(double),
asinh(double), acosh(double), atanh(double), exp2(double), log2(double), log10(double),
cbrt(double), floor(double), ceil(double), trunc(double), rint(double);
double atan2(double, double), hypot(double, double), copysign(double, double), nextafter(double,
double), fmod(double, double);
void* malloc(size_t);
}
#define memcpy __builtin_memcpy
#define memset __builtin_memset
#define signbit(x) (__builtin_signbit(x) != 0)
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

#define __global__ static
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(n)
#define __restrict__

struct index3 { int x, y, z; };
static index3 threadIdx, blockIdx, blockDim, gridDim;

struct half_t { unsigned short bits; };
static inline float from_half(half_t x) {
    _Float16 y;
    memcpy(&y, &x, 2);
    return (float)y;
}
static inline half_t to_half(float x) {
    _Float16 y = (_Float16)x;
    half_t z;
    memcpy(&z, &y, 2);
    return z;
}
static inline float infinite() { return INFINITY; }
static inline float not_a_number() { return NAN; }

// -- fibers ---------------------------------------------------------------------------------------

enum { MOST = 1024, STACK = 65536 };
static char* stacks;
static bool ended[MOST];
static int current, threads, arrived;
static long generation;
static int warp_arrived[MOST / 32];
static long warp_generation[MOST / 32];
static void (*body)(void**);
static void** given;
static void entry();

#ifdef __x86_64__
// ucontext.h asks the system at every switch, which takes microseconds
extern "C" void switch_stacks(void** from, void* to);
asm(".text\n.globl switch_stacks\n.type switch_stacks, @function\nswitch_stacks:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
static void *scheduler, *fibers[MOST];
static void start(int t) {
    void** top = (void**)(stacks + (size_t)(t + 1) * STACK);
    *--top = nullptr;
    *--top = (void*)entry;
    for (int k = 0; k < 6; k++) *--top = nullptr;
    fibers[t] = top;
}
static void go_on(int t) { switch_stacks(&scheduler, fibers[t]); }
static void wait(int t) { switch_stacks(&fibers[t], scheduler); }
#else
static ucontext_t scheduler, fibers[MOST];
static void start(int t) {
    getcontext(&fibers[t]);
    fibers[t].uc_stack.ss_sp = stacks + (size_t)t * STACK;
    fibers[t].uc_stack.ss_size = STACK;
    fibers[t].uc_link = nullptr;
    makecontext(&fibers[t], entry, 0);
}
static void go_on(int t) { swapcontext(&scheduler, &fibers[t]); }
static void wait(int t) { swapcontext(&fibers[t], &scheduler); }
#endif

static void yield() {
    int me = current;
    wait(me);
    threadIdx.x = me;
}
static void entry() {
    body(given);
    ended[current] = true;
    wait(current);
}
static void __syncthreads() {
    long now = generation;
    if (++arrived == threads) { arrived = 0; generation++; }
    while (generation == now) yield();
}
static void __syncwarp(unsigned mask = 0xffffffffu) {
    int w = threadIdx.x / 32;
    long now = warp_generation[w];
    if (++warp_arrived[w] == 32) { warp_arrived[w] = 0; warp_generation[w]++; }
    while (warp_generation[w] == now) yield();
}
static char exchanged[MOST][8];
template <class T> static T __shfl_xor_sync(unsigned mask, T x, int step) {
    int me = threadIdx.x;
    memcpy(exchanged[me], &x, sizeof(T));
    __syncwarp();
    T y;
    memcpy(&y, exchanged[me ^ step], sizeof(T));
    __syncwarp();
    return y;
}
static void __threadfence() {}
static void __threadfence_system() {}
static unsigned atomicAdd(unsigned* x, unsigned y) { unsigned old = *x; *x += y; return old; }

// runs a kernel; without barriers in its text threads simply follow each other
static int run_kernel(void (*f)(void**), void** arguments, int blocks, int n, int barriers) {
    body = f; given = arguments; threads = n;
    gridDim = {blocks, 1, 1}; blockDim = {n, 1, 1};
    if (barriers && !stacks) stacks = (char*)malloc((size_t)MOST * STACK);
    for (int b = 0; b < blocks; b++) {
        blockIdx = {b, 0, 0};
        if (!barriers) {
            for (int t = 0; t < n; t++) { threadIdx = {t, 0, 0}; f(arguments); }
            continue;
        }
        arrived = 0;
        memset(warp_arrived, 0, sizeof warp_arrived);
        for (int t = 0; t < n; t++) {
            ended[t] = false;
            start(t);
        }
        int left = n;
        long turns = 0;
        while (left) {
            int before = left;
            for (int t = 0; t < n; t++) {
                if (ended[t]) continue;
                current = t; threadIdx = {t, 0, 0};
                go_on(t);
                if (ended[t]) left--;
            }
            if (left && left < before && arrived) return 1;  // some left before a barrier of all
            if (++turns > 10000000) return 2;
        }
    }
    return 0;
}
