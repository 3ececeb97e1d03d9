export { InvalidSizeError } from "./invalid-size-error.js";
export { ModelOptimizer, type Quantization, type QuantizationAdvice } from "./model-optimizer.js";
