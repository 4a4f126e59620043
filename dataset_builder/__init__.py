"""Patents in, Parquet out: builders, readers and drawn figures for PatentDesc-355K."""
