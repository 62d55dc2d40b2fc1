import { Injectable, PayloadTooLargeException } from '@nestjs/common';
import { FlagService } from 'nestjs-flagship';
import { UPLOAD_LIMIT } from '../flags/flag-keys';

/** The limit when the evaluation fails. */
export const DEFAULT_UPLOAD_LIMIT = 10;

@Injectable()
export class UploadsService {
  constructor(private readonly flags: FlagService) {}

  limit(): Promise<number> {
    return this.flags.getIntegerValue(UPLOAD_LIMIT, DEFAULT_UPLOAD_LIMIT);
  }

  async accept(photos: number) {
    const limit = await this.limit();
    if (photos > limit) {
      throw new PayloadTooLargeException(`You can upload ${limit} photos at a time; these are ${photos}.`);
    }
    return { photos, limit, message: `${photos} of ${limit} photos uploaded.` };
  }
}
