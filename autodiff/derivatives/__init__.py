"""What gradients give: Jacobians, products with them, recomputation, gradients of one's own."""
