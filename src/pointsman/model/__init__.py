"""The vocabulary: frozen values with every field explained. It knows the standard library and nothing else here."""
