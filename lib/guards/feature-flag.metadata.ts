/** Metadata key under which `@FeatureFlag` leaves its requirements. */
export const FEATURE_FLAG_METADATA = 'nestjs-flagship:feature-flag';
