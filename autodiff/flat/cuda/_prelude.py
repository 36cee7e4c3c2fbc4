"""What stands before the kernels of a program: half precision, reductions, failures, tickets."""

from __future__ import annotations

#: no header is needed: NVRTC alone compiles it
PRELUDE = r"""
struct half_t { unsigned short bits; };

__device__ __forceinline__ float from_half(half_t x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}
__device__ __forceinline__ half_t to_half(float x) {
    half_t y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}
__device__ __forceinline__ float infinite() { return __int_as_float(0x7f800000); }
__device__ __forceinline__ float not_a_number() { return __int_as_float(0x7fc00000); }
"""

#: the same for every compiler
COMMON = r"""
__device__ __forceinline__ float rounded(float x) { return from_half(to_half(x)); }

// what went wrong: on the device, where kernels look, and in memory that the host can look at
struct Failure { int *seen, *told; };

__device__ __forceinline__ void fail(int* seen, int* told, int code) {
    *seen = code;
    *told = code;
    __threadfence_system();
}

struct Sum { template <class T> static __device__ T of(T x, T y) { return x + y; } };
struct Product { template <class T> static __device__ T of(T x, T y) { return x * y; } };
struct Max { template <class T> static __device__ T of(T x, T y) {
    return x > y || x != x ? x : y; } };
struct Min { template <class T> static __device__ T of(T x, T y) {
    return x < y || x != x ? x : y; } };
struct Any { template <class T> static __device__ T of(T x, T y) { return x || y; } };
struct All { template <class T> static __device__ T of(T x, T y) { return x && y; } };

// over LANES threads next to each other, a power of two up to 32; all of them get the same bits
template <int LANES, class Op, class T> __device__ __forceinline__ T over_lanes(T x) {
    #pragma unroll
    for (int step = LANES / 2; step > 0; step /= 2)
        x = Op::of(x, (T)__shfl_xor_sync(0xffffffffu, x, step));
    return x;
}
template <int LANES, class Op> __device__ __forceinline__ bool over_lanes(bool x) {
    return over_lanes<LANES, Op, int>((int)x) != 0;
}

// over all threads of a block, a multiple of 32; all of them get the same bits
template <int THREADS, class Op, class T> __device__ __forceinline__ T over_block(T x) {
    __shared__ T found[32];
    int thread = threadIdx.x;
    x = over_lanes<32, Op>(x);
    __syncthreads();  // what was found before has been read
    if (thread % 32 == 0) found[thread / 32] = x;
    __syncthreads();
    x = found[0];
    for (int k = 1; k < THREADS / 32; k++) x = Op::of(x, found[k]);
    return x;
}

// whether this block is the last to come here; the others' writes can be read then
__device__ __forceinline__ bool last_block(unsigned int* ticket, unsigned int blocks) {
    __shared__ bool last;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        last = atomicAdd(ticket, 1u) == blocks - 1;
        if (last) *ticket = 0;
    }
    __syncthreads();
    if (last) __threadfence();
    return last;
}

__device__ __forceinline__ float power(float x, float y) { return powf(x, y); }
__device__ __forceinline__ double power(double x, double y) { return pow(x, y); }
template <class T> __device__ T power(T x, T y) {
    T out = 1;
    for (; y > 0; y >>= 1) {
        if (y & 1) out = (T)(out * x);
        x = (T)(x * x);
    }
    return out;
}
"""

#: how programs are compiled: as NumPy rounds, with names as they are written
OPTIONS = ("--std=c++17", "--fmad=false")
