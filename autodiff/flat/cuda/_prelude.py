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

__device__ __forceinline__ float next_half(float x, float y) {
    if (!(x < y) && !(x > y)) return x == y ? y : x + y;
    half_t h = to_half(x);
    if (x == 0) h.bits = y < 0 ? 0x8001 : 1;
    else h.bits = (x < y) == (x > 0) ? h.bits + 1 : h.bits - 1;
    return from_half(h);
}

// what went wrong: on the device, where kernels look, and in memory that the host can look at
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

// over the threads that have the same lane in groups of LANES; the first group gets it
template <int LANES, int GROUPS, class Op, class T> __device__ __forceinline__ T over_groups(T x) {
    __shared__ T found[LANES * GROUPS];
    __syncthreads();
    found[threadIdx.x] = x;
    __syncthreads();
    if (threadIdx.x < LANES) {
        #pragma unroll 8
        for (int k = 1; k < GROUPS; k++) x = Op::of(x, found[k * LANES + threadIdx.x]);
    }
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
__device__ __forceinline__ float rest(float x, float y) { return fmodf(x, y); }
__device__ __forceinline__ double rest(double x, double y) { return fmod(x, y); }
__device__ __forceinline__ float down(float x) { return floorf(x); }
__device__ __forceinline__ double down(double x) { return floor(x); }
__device__ __forceinline__ float zero_as(float x) { return copysignf(0.0f, x); }
__device__ __forceinline__ double zero_as(double x) { return copysign(0.0, x); }

// of floats, with the sign of the divisor; of integers by 0 it is 0
template <class T> __device__ T remainder_float(T x, T y) {
    T r = rest(x, y);
    if (r == 0) return y != 0 ? zero_as(y) : r;
    return (y < 0) != (r < 0) ? r + y : r;
}
template <class T> __device__ T floor_float(T x, T y) {
    if (y == 0) return x / y;
    T r = rest(x, y), q = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0)) q = q - 1;
    if (q == 0) return zero_as(x / y);
    T whole = down(q);
    return q - whole > (T)0.5 ? whole + 1 : whole;
}
__device__ __forceinline__ float remainder_of(float x, float y) { return remainder_float(x, y); }
__device__ __forceinline__ double remainder_of(double x, double y) { return remainder_float(x, y); }
template <class T> __device__ T remainder_of(T x, T y) {
    if (y == 0 || (T)(y + 1) == 0 && y < 0) return 0;
    T r = (T)(x % y);
    return r != 0 && (y < 0) != (r < 0) ? (T)(r + y) : r;
}
__device__ __forceinline__ float floor_divide(float x, float y) { return floor_float(x, y); }
__device__ __forceinline__ double floor_divide(double x, double y) { return floor_float(x, y); }
template <class T> __device__ T floor_divide(T x, T y) {
    if (y == 0) return 0;
    if (y < 0 && (T)(y + 1) == 0) return (T)(0 - x);
    T q = (T)(x / y), r = (T)(x - q * y);
    return r != 0 && (y < 0) != (r < 0) ? (T)(q - 1) : q;
}
__device__ __forceinline__ float logaddexp(float x, float y) {
    float d = x - y;
    if (x == y) return x + 0x1.62e43p-1f;
    return d > 0 ? x + log1pf(expf(-d)) : d <= 0 ? y + log1pf(expf(d)) : d;
}
__device__ __forceinline__ double logaddexp(double x, double y) {
    double d = x - y;
    if (x == y) return x + 0x1.62e42fefa39efp-1;
    return d > 0 ? x + log1p(exp(-d)) : d <= 0 ? y + log1p(exp(d)) : d;
}
template <class T> __device__ T power(T x, T y) {
    T out = 1;
    for (; y > 0; y >>= 1) {
        if (y & 1) out = (T)(out * x);
        x = (T)(x * x);
    }
    return out;
}
"""

#: how programs are compiled: as NumPy rounds, subnormal numbers kept
OPTIONS = ("--std=c++17", "--fmad=false", "--ftz=false")
