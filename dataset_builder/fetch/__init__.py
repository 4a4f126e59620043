"""The images of PatentDesc-355K, fetched politely, checked, and safe against interruptions of any kind."""

from dataset_builder.fetch.fetching import HOSTS, FetchError, FetchReport, fetch_images

__all__ = ["HOSTS", "FetchError", "FetchReport", "fetch_images"]
