"""From a trace to values: forwards and rules run on them; equal updates become one."""
