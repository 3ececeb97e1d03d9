/** Origin of a model on this device. */
export type ModelOrigin = "huggingface" | "ollama" | "lm-studio" | "address" | "import";
